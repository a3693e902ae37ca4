//! Markdown tables, for the terminal and for docs/performance.md.

use comfy_table::{Table, presets::ASCII_MARKDOWN};

#[must_use]
pub fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(header);
    table
}
