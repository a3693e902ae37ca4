//! The date and the machine of a measurement.

use procfs::{CpuInfo, Current};
use time::{OffsetDateTime, macros::format_description};

/// A line for reports: date in UTC, processors and architecture.
///
/// # Errors
/// The processors are not known.
pub fn today_on_this_machine() -> std::io::Result<String> {
    let today = OffsetDateTime::now_utc().date();
    let today = today.format(format_description!("[year]-[month]-[day]")).map_err(std::io::Error::other)?;
    let processors = CpuInfo::current().map_err(std::io::Error::other)?;
    let model = processors.model_name(0).unwrap_or("a processor of unknown make");
    Ok(format!("Measured on {today}, {} × {model}, {}", processors.num_cores(), std::env::consts::ARCH))
}
