//! OAuth 2.0 as an application uses it: client credentials (RFC 6749 §4.4), introspection (RFC 7662) and revocation
//! (RFC 7009).

mod application;
mod credentials;
mod error;
mod form;
mod lifetime;
mod principal;
mod scope_list;
mod secret;
mod token;
mod token_request;

pub use application::{Application, ApplicationStatus, Effect, NotApprovable, NotRequested, ScopeState};
pub use credentials::ClientCredentials;
pub use error::OAuthError;
pub use form::Form;
pub use lifetime::{InvalidLifetime, TokenLifetime};
pub use principal::{PermittedSources, Principal};
pub use scope_list::ScopeList;
pub use secret::{ClientSecret, SecretHash};
pub use token::{BearerToken, MalformedToken, Scope, TokenHash};
pub use token_request::{TokenParameter, TokenRequest};
