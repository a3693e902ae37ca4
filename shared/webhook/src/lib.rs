//! Webhook endpoints, as [Standard Webhooks](https://www.standardwebhooks.com) describes them. No clock.
//!
//! | module | content |
//! |---|---|
//! | [`endpoint`] | the URLs that an operator may set |
//! | [`address`] | the IP addresses that may be dialled |
//! | [`secret`] | the keys that requests are signed with |
//! | [`signature`] | the header that proves who sent a request |
//! | [`client`] | the signed request, and its end |
//! | [`payload`] | the bodies of requests |
//! | [`schedule`] | the time of the next attempt after a failure |

#![warn(missing_docs)]

pub mod address;
pub mod client;
pub mod endpoint;
pub mod payload;
pub mod schedule;
pub mod secret;
pub mod signature;
