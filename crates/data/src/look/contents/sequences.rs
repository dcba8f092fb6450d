//! Where sequences stand.

use backout_core::data::Sequence;
use backout_core::port::PortError;
use tokio_postgres::Client;

use crate::look::catalog::{RELATION_COUNTS, object, qualified, rows};

/// How many sequences one query reads.
const AT_ONCE: usize = 200;

/// Every sequence, those of identity columns among them, by name. A sequence's value is that of the moment, whatever the
/// snapshot of the transaction is.
///
/// # Errors
/// A sequence that may not be read.
pub(crate) async fn sequences(client: &Client) -> Result<Vec<Sequence>, PortError> {
    qualified(client, async {
        let query = format!(
            "SELECT n.nspname::text, c.relname::text, s.seqincrement, s.seqcache, s.seqmax, s.seqmin, s.seqcycle \
             FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE {RELATION_COUNTS}"
        );
        let found = rows(client, "the sequences", &query).await?;
        let mut sequences: Vec<Sequence> = found
            .iter()
            .map(|row| Sequence {
                name: object(row, 0),
                last_value: 0,
                is_called: false,
                increment: row.get(2),
                cache: row.get(3),
                max_value: row.get(4),
                min_value: row.get(5),
                cycles: row.get(6),
            })
            .collect();
        sequences.sort_by(|a, b| a.name.cmp(&b.name));
        for some in sequences.chunks_mut(AT_ONCE) {
            read_values(client, some).await?;
        }
        Ok(sequences)
    })
    .await
}

async fn read_values(client: &Client, sequences: &mut [Sequence]) -> Result<(), PortError> {
    let each = |(at, sequence): (usize, &Sequence)| {
        format!("SELECT {at}::int4 AS at, last_value, is_called FROM {}", sequence.name.quoted())
    };
    let query: Vec<String> = sequences.iter().enumerate().map(each).collect();
    let query = format!("{} ORDER BY at", query.join(" UNION ALL "));
    let found = rows(client, "the values of the sequences", &query).await?;
    for (sequence, row) in sequences.iter_mut().zip(&found) {
        (sequence.last_value, sequence.is_called) = (row.get(1), row.get(2));
    }
    Ok(())
}
