//! A function as Lambda runs it: its process, its environment, and the Runtime API that it polls; `local` as a process; and the parts
//! of a report. The benchmark and the fault campaign share it.

pub mod environment;
pub mod local_process;
pub mod machine;
pub mod markdown;
pub mod process;
pub mod resources;
pub mod runtime_api;
pub mod statistics;
