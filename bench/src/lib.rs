//! A function as Lambda runs it: its process, its environment, and the Runtime API that it polls. The benchmark and the fault
//! campaign share it.

pub mod environment;
pub mod process;
pub mod runtime_api;
