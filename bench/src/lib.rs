//! A function as Lambda runs it: its process, its environment, and the Runtime API that it polls; and the parts of a report. The
//! benchmark and the fault campaign share it.

pub mod environment;
pub mod machine;
pub mod markdown;
pub mod process;
pub mod runtime_api;
pub mod statistics;
