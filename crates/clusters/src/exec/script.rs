//! The commands that are sent. Pure: what is data is an argument of a script that never changes.

use std::collections::BTreeMap;
use std::time::Duration;

/// Runs `"$@"` and ends as it does. Neither the client's end nor a broken connection ends a program in a container; here it
/// is ended when the standard input does, and after `$1` seconds where not even that is told. `$2` is the folder that it runs
/// in, and that goes with it; empty for the container's own.
const WRAPPER: &str = r#"limit=$1 copy=$2
shift 2
if [ -n "$copy" ]; then cd "$copy" || exit 126; fi
exec 3<&0 </dev/null
"$@" 3<&- &
program=$!
end() { kill -TERM "$program"; sleep 5; kill -KILL "$program"; }
(exec >/dev/null 2>&1; while read -r line <&3; do :; done; end) &
lifeline=$!
(exec >/dev/null 2>&1 3<&-; while [ "$limit" -gt 0 ]; do sleep 5; limit=$((limit - 5)); done; end) &
clock=$!
exec 3<&-
wait "$program"
code=$?
kill "$lifeline" "$clock" 2>/dev/null
if [ -n "$copy" ]; then cd / && rm -rf "$copy"; fi
exit "$code"
"#;

/// Copies the working folder to one of its own, puts the `tar` of `$2` bytes that is read over its part `$1`, and prints
/// where it is.
const COPY: &str = r#"set -eu
here=$(pwd -P)
if [ "$here" = / ]; then echo "its working folder is \`/\`, of which no copy is made" >&2; exit 65; fi
case $1 in
"$here") part=. ;;
"$here"/*) part=${1#"$here"/} ;;
/*) echo "\`$1\` is not within its working folder \`$here\`" >&2; exit 65 ;;
*) part=$1 ;;
esac
copy=$(mktemp -d "${TMPDIR:-/tmp}/backout-XXXXXX")
trap 'rm -rf "$copy"' EXIT
cp -RP "$here/." "$copy/"
mkdir -p "$copy/$part"
head -c "$2" | tar -xf - -C "$copy/$part"
trap - EXIT
printf %s "$copy"
"#;

/// What no migration is in, and what may be large.
const LEFT_OUT: [&str; 5] = [".git", "node_modules", "__pycache__", ".venv", "venv"];

/// How long after us a program ends by itself, where it is not told.
const LATER: Duration = Duration::from_secs(30);

/// A program that ends when nobody waits for it any more, at the latest a while after `limit`.
pub(super) fn wrapped(
    argv: &[String],
    variables: &BTreeMap<String, String>,
    (limit, copy): (Duration, Option<&str>),
) -> Vec<String> {
    let seconds = limit.saturating_add(LATER).as_secs().to_string();
    let mut words = script(WRAPPER, [&seconds, copy.unwrap_or_default()]);
    if !variables.is_empty() {
        words.push("env".to_owned());
        words.extend(variables.iter().map(|(name, value)| format!("{name}={value}")));
    }
    words.extend_from_slice(argv);
    words
}

/// Makes a copy of the working folder with files of so many bytes, packed by `tar`, over a part of it; prints its path.
pub(super) fn copy(part: &str, bytes: usize) -> Vec<String> {
    script(COPY, [part, &bytes.to_string()])
}

/// Writes a `tar` archive of the files below a folder.
pub(super) fn archive(folder: &str) -> Vec<String> {
    let left_out = LEFT_OUT.map(|name| format!("--exclude={name}"));
    let words = ["tar", "-cf", "-"].map(str::to_owned);
    let what = ["-C", folder, "."].map(str::to_owned);
    words.into_iter().chain(left_out).chain(what).collect()
}

fn script(script: &str, arguments: [&str; 2]) -> Vec<String> {
    ["sh", "-c", script, "backout"].into_iter().chain(arguments).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn what_is_data_is_no_part_of_a_script() {
        let argv = words(&["python", "manage.py", "$(reboot)"]);
        let variables = BTreeMap::from([("PGOPTIONS".to_owned(), "-c lock_timeout=3s; reboot".to_owned())]);
        let sent = wrapped(&argv, &variables, (Duration::from_secs(60), Some("/tmp/b")));
        assert_eq!(sent[..4], words(&["sh", "-c", WRAPPER, "backout"]));
        let rest = ["90", "/tmp/b", "env", "PGOPTIONS=-c lock_timeout=3s; reboot", "python", "manage.py", "$(reboot)"];
        assert_eq!(sent[4..], words(&rest));
        assert_eq!(wrapped(&argv, &BTreeMap::new(), (Duration::ZERO, None))[4..7], words(&["30", "", "python"]));
        assert_eq!(copy("`reboot`", 7)[2..], words(&[COPY, "backout", "`reboot`", "7"]));
        assert_eq!(archive("/app").last_chunk::<3>().unwrap(), &["-C", "/app", "."]);
    }
}
