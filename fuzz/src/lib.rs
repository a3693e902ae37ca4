//! Fuzz targets: every parser of outside bytes, each with an oracle.
//!
//! A target takes any bytes and panics if the parser breaks its rule. The oracles state the contract a second time, without the
//! parsers' code. `make fuzz` runs the targets under libFuzzer, which searches for inputs of new code paths. The tests replay the
//! inputs of `corpus/`.

mod html;
mod json;
mod limits;
mod targets;

/// A parser of outside bytes with its oracle.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The name of its corpus and dictionary.
    pub name: &'static str,
    /// Panics if the parser breaks its rule for these bytes.
    pub run: fn(&[u8]),
}

/// All targets.
pub const TARGETS: [Target; 16] = [
    Target { name: "ack-id", run: targets::ack_id::run },
    Target { name: "address", run: targets::address::run },
    Target { name: "authorization", run: targets::authorization::run },
    Target { name: "body", run: targets::body::run },
    Target { name: "cursor", run: targets::cursor::run },
    Target { name: "endpoint-url", run: targets::endpoint_url::run },
    Target { name: "form", run: targets::form::run },
    Target { name: "http-url", run: targets::http_url::run },
    Target { name: "platform", run: targets::platform::run },
    Target { name: "push", run: targets::push::run },
    Target { name: "query", run: targets::query::run },
    Target { name: "receive", run: targets::receive::run },
    Target { name: "sanitizer", run: targets::sanitizer::run },
    Target { name: "sanitizer-cost", run: targets::sanitizer::run_repeated },
    Target { name: "template", run: targets::template::run },
    Target { name: "user-agent", run: targets::user_agent::run },
];
