//! The contract's requests and values, as types that cannot hold an invalid value.
//!
//! Nothing here knows AWS, HTTP or the clock. A request is parsed once, into the types of this crate, and is valid from
//! then on. Every limit of the contract is a constant of the type it limits, and every text of the contract is the
//! `Display` of an error.

#![warn(missing_docs)]

pub mod customer_service;
pub mod oauth;
pub mod platform;
pub mod push;

mod values;

pub use values::*;
