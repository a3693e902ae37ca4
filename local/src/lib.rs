//! The whole system in one process: API Gateway, the functions, and an embedded DynamoDB.
//!
//! Routes, authorizers, gateway responses, event sources and tables come from `template.yaml`, so that this process and the deployed stack
//! cannot drift apart. The contract's tests call it.

pub mod chat;
pub mod demo;
pub mod docs;
pub mod dynamodb;
pub mod events;
pub mod functions;
pub mod gateway;
pub mod sockets;
pub mod template;

mod server_handle;
mod signature;

pub use server_handle::ServerHandle;

/// The pages outside of the gateway: `/chat`, which connects to `socket_url`, and `/docs` with the demo's credentials if `has_demo`.
pub fn pages(has_demo: bool, socket_url: &str) -> axum::Router {
    chat::pages(socket_url).merge(docs::pages(has_demo))
}

pub const TEMPLATE: &str = include_str!("../../template.yaml");
