//! The whole system in one process: what API Gateway does, the functions, and an embedded DynamoDB.
//!
//! Routes, authorizers, gateway answers and tables come from `template.yaml`, so that what runs here and what is
//! deployed cannot drift apart. It is also what the contract's tests talk to.

pub mod chat;
pub mod demo;
pub mod docs;
pub mod dynamodb;
pub mod functions;
pub mod gateway;
pub mod template;

mod server_handle;

pub use server_handle::ServerHandle;

/// The pages for people, which are not the gateway's: `/chat`, and `/docs` with the demo's credentials if the demo is here.
pub fn pages(has_demo: bool) -> axum::Router {
    chat::pages().merge(docs::pages(has_demo))
}

/// The template of the deployed stack.
pub const TEMPLATE: &str = include_str!("../../template.yaml");
