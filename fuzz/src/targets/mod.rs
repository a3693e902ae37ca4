//! One module for each parser.

pub mod ack_id;
pub mod address;
pub mod authorization;
pub mod body;
pub mod cursor;
pub mod endpoint_url;
pub mod form;
pub mod http_url;
pub mod platform;
pub mod push;
pub mod query;
pub mod receive;
pub mod sanitizer;
pub mod template;
pub mod user_agent;
