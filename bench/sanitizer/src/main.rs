//! CPU time and memory of the sanitizer for the most expensive contents known, and for the contents of its corpus.
//!
//! A separate crate, so that `cargo run --release` compiles the sanitizer in seconds with the profile of the functions.
//! The exit status is not 0 if a content exceeds a limit.

#[path = "../../../shared/sanitizer/shapes.rs"]
mod shapes;

use std::{
    fs,
    hint::black_box,
    io,
    time::{Duration, Instant},
};

use comfy_table::{Table, presets::ASCII_MARKDOWN};
use procfs::process::Process;
use sanitizer::sanitize;

/// The limit of a call's CPU time, in milliseconds.
const MAX_MILLIS: f64 = 20.0;

/// The limit of a call's peak live memory, in megabytes.
const MAX_PEAK_MB: f64 = 16.0;

/// Each content is sanitized repeatedly for this time, since the kernel counts CPU time in ticks of up to 4 ms.
const DURATION: Duration = Duration::from_millis(200);

struct Measured {
    name: String,
    units: usize,
    /// CPU time of a call, in milliseconds: the mean of all calls.
    millis: f64,
    /// Peak live memory of a call, in megabytes.
    peak_mb: f64,
    /// All memory that a call allocates, in megabytes.
    total_mb: f64,
    result_kb: f64,
}

fn main() -> io::Result<()> {
    // Builds the allow list, which every process does once.
    black_box(sanitize("<b>"));
    let corpus = measure(corpus()?)?;
    let mut shapes =
        measure(shapes::all().into_iter().map(|(name, content)| (name.to_owned(), content)).collect())?;
    shapes.sort_by(|one, other| other.millis.total_cmp(&one.millis));
    println!("{}\n\n{}", table("corpus", &corpus), table("most expensive contents", &shapes));
    let over = |measured: &&Measured| measured.millis > MAX_MILLIS || measured.peak_mb > MAX_PEAK_MB;
    match corpus.iter().chain(&shapes).find(over) {
        Some(measured) => Err(io::Error::other(format!("{} is over a limit", measured.name))),
        None => Ok(()),
    }
}

/// Contents as editors produce them, sorted by file name. The expected results (`*.safe.html`) are left out.
fn corpus() -> io::Result<Vec<(String, String)>> {
    let mut contents = Vec::new();
    for file in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/sanitizer/corpus"))? {
        let file = file?;
        let name = file.file_name().to_string_lossy().into_owned();
        if !name.ends_with(".safe.html") {
            contents.push((name, fs::read_to_string(file.path())?));
        }
    }
    contents.sort();
    Ok(contents)
}

fn measure(contents: Vec<(String, String)>) -> io::Result<Vec<Measured>> {
    contents.into_iter().map(|(name, content)| measure_one(name, &content)).collect()
}

#[expect(clippy::cast_precision_loss, reason = "no call has 2^53 bytes")]
fn measure_one(name: String, content: &str) -> io::Result<Measured> {
    let mut result_bytes = 0;
    let allocated = allocation_counter::measure(|| result_bytes = sanitize(content).len());
    let (started, cpu) = (Instant::now(), cpu_time()?);
    let mut calls = 0.0;
    while started.elapsed() < DURATION {
        black_box(sanitize(black_box(content)));
        calls += 1.0;
    }
    Ok(Measured {
        name,
        units: content.encode_utf16().count(),
        millis: cpu_time()?.saturating_sub(cpu).as_secs_f64() * 1_000.0 / calls,
        peak_mb: allocated.bytes_max as f64 / 1e6,
        total_mb: allocated.bytes_total as f64 / 1e6,
        result_kb: result_bytes as f64 / 1e3,
    })
}

/// The CPU time of the process so far: that of its only thread.
fn cpu_time() -> io::Result<Duration> {
    let usage = Process::myself().and_then(|process| process.task_main_thread()?.schedstat());
    Ok(Duration::from_nanos(usage.map_err(io::Error::other)?.sum_exec_runtime))
}

fn table(title: &str, measured: &[Measured]) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header([
        title,
        "units",
        "CPU ms",
        "peak MB",
        "allocated MB",
        "result KB",
    ]);
    for Measured { name, units, millis, peak_mb, total_mb, result_kb } in measured {
        table.add_row([
            name.clone(),
            units.to_string(),
            format!("{millis:.2}"),
            format!("{peak_mb:.2}"),
            format!("{total_mb:.2}"),
            format!("{result_kb:.0}"),
        ]);
    }
    table
}
