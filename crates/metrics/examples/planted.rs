//! What every sample metric says about sets that no good generator would make: the table of
//! docs/metrics.md.
//!
//! ```text
//! cargo run -p genlab-metrics --example planted
//! ```

#[path = "../tests/planted/sets.rs"]
mod sets;

use std::io::{Result, Write, stdout};

fn main() -> Result<()> {
    let planted = sets::planted();
    let mut out = stdout();
    let columns: Vec<&str> = planted.iter().map(|set| set.name).collect();
    writeln!(out, "| metric | {} |", columns.join(" | "))?;
    writeln!(out, "|---|{}", "---|".repeat(columns.len()))?;
    for (name, _) in &planted[0].metrics {
        let short = name.trim_start_matches("samples/");
        let values: Vec<String> =
            planted.iter().map(|set| format!("{:.3}", set.value(short))).collect();
        writeln!(out, "| `{short}` | {} |", values.join(" | "))?;
    }
    Ok(())
}
