//! What stands in a `console` block: what is typed, and what is answered.

/// One command that a person types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Typed {
    /// The command without its comment; lines that end in `\` are one.
    pub(super) text: String,
    /// The code that it ends with: 0, unless the comment says `exits with N`.
    pub(super) exit: i32,
    /// The lines below it, up to the next command.
    pub(super) output: Vec<String>,
    /// How many lines of the block come before it.
    pub(super) after: usize,
}

/// The commands of a block. Output that no command stands before is none of anybody's, and an error.
pub(super) fn typed(block: &str) -> Result<Vec<Typed>, String> {
    let mut all: Vec<Typed> = Vec::new();
    let mut goes_on = false;
    for (after, line) in block.lines().enumerate() {
        let command = line.strip_prefix("$ ");
        match (command, all.last_mut()) {
            (None, Some(last)) if goes_on => {
                let (text, exit) = without_comment(line);
                last.text = format!("{} {}", last.text.trim_end_matches('\\').trim_end(), text.trim());
                last.exit = exit.unwrap_or(last.exit);
            }
            (Some(command), _) => {
                let (text, exit) = without_comment(command);
                all.push(Typed { text, exit: exit.unwrap_or(0), output: Vec::new(), after });
            }
            (None, Some(last)) => last.output.push(line.to_owned()),
            (None, None) => return Err(format!("`{line}` is the answer to nothing: commands stand behind `$ `")),
        }
        goes_on = all.last().is_some_and(|last| last.output.is_empty() && last.text.ends_with('\\'));
    }
    Ok(all)
}

/// The command, and the exit code that its comment names.
fn without_comment(line: &str) -> (String, Option<i32>) {
    let (mut quote, mut before) = (None, ' ');
    for (at, letter) in line.char_indices() {
        match (quote, letter) {
            (None, '#') if before == ' ' => {
                let (_, number) = line[at..].split_once("exits with ").unwrap_or_default();
                let number: String = number.chars().take_while(char::is_ascii_digit).collect();
                return (line[..at].trim_end().to_owned(), number.parse().ok());
            }
            (None, '\'' | '"') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            _ => {}
        }
        before = letter;
    }
    (line.trim_end().to_owned(), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_has_its_exit_code_and_its_output_and_no_comment() {
        let block =
            "$ backout guard -- ./deploy.sh 2   # goes bad; exits with 3\nback\n$ echo 'a # b' \\\n    c   # d\n";
        let all = typed(block).unwrap();
        assert_eq!((all[0].text.as_str(), all[0].exit), ("backout guard -- ./deploy.sh 2", 3));
        assert_eq!(all[0].output, ["back"]);
        assert_eq!((all[1].text.as_str(), all[1].exit, all[1].after), ("echo 'a # b' c", 0, 2));
        assert_eq!(all.len(), 2);
    }

    #[test]
    fn output_without_a_command_is_an_error() {
        assert!(typed("backout status\n").is_err());
    }
}
