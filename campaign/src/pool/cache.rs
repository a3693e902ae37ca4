//! API Gateway's cache of an authorizer's answers.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use local::functions::Code;
use serde_json::Value;

use crate::lock::lock;

/// Of this many calls one reaches the authorizer, as if its entry had expired; so in an outage most calls reach the function behind
/// it, and some do not.
const ONE_IN: u64 = 4;

#[derive(Default)]
pub(super) struct AuthorizerCache {
    policies: Mutex<HashMap<String, String>>,
    calls: AtomicU64,
}

impl AuthorizerCache {
    /// The code of an authorizer behind a cache. Errors are not cached.
    pub(super) fn before(authorizer: Code) -> Code {
        let cache = Arc::new(Self::default());
        Arc::new(move |event, context| {
            let (cache, authorizer) = (Arc::clone(&cache), Arc::clone(&authorizer));
            Box::pin(async move {
                let parsed: Value = serde_json::from_str(&event).unwrap_or_default();
                let token = parsed.get("authorizationToken").and_then(Value::as_str).unwrap_or_default();
                let is_asked = cache.calls.fetch_add(1, Ordering::Relaxed) % ONE_IN == 0;
                let known = lock(&cache.policies).get(token).cloned().filter(|_| !is_asked);
                if let Some(policy) = known {
                    return Ok(policy);
                }
                let policy = authorizer(event, context).await?;
                lock(&cache.policies).insert(token.to_owned(), policy.clone());
                Ok(policy)
            })
        })
    }
}
