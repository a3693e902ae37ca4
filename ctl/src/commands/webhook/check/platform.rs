//! The requests of each case.

use std::{num::NonZeroUsize, time::Duration};

use api::Clock;
use model::Timestamp;
use uuid::Uuid;
use webhook::{
    client::{Client, Outcome, Reach},
    endpoint::EndpointUrl,
    secret::Secret,
    signature::Signed,
};

use super::{batch, case::Case};
use crate::{arguments::Check, error::Error};

/// Receivers refuse requests that were signed more than five minutes ago, by Standard Webhooks.
const OLD: Duration = Duration::from_mins(10);
/// A slow body takes eight seconds, so that two of the ten seconds of an attempt are left for the answer.
const PARTS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(8);
const PAUSE: Duration = Duration::from_secs(1);

/// The sender of webhooks, with a receiver.
pub struct Platform {
    clock: Clock,
    url: EndpointUrl,
    /// The secret that the receiver knows.
    known: Secret,
    /// One that it does not know.
    other: Secret,
}

impl Platform {
    pub fn new(check: Check) -> Result<Self, Error> {
        let other = Secret::generate().map_err(|_| Error::NoRandomNumbers)?;
        Ok(Self { clock: Clock::system(), url: check.url, known: check.secret, other })
    }

    /// Sends the requests of a case, one after the other.
    pub async fn send(&self, case: Case) -> Vec<Outcome> {
        let (id, now) = (new_id(), self.clock.now());
        let text = batch::of_text(now);
        match case {
            Case::Valid => vec![self.post(&id, now, &batch::of_each_kind(now), &[&self.known]).await],
            Case::WrongSignature => vec![self.post(&id, now, &text, &[&self.other]).await],
            Case::MissingSignature => vec![self.post(&id, now, &text, &[]).await],
            Case::OldTimestamp => vec![self.post(&id, before(now, OLD), &text, &[&self.known]).await],
            Case::Rotation => vec![
                self.post(&id, now, &text, &[&self.known, &self.other]).await,
                self.post(&new_id(), self.clock.now(), &batch::of_text(now), &[&self.other, &self.known])
                    .await,
            ],
            Case::RepeatedBatch => vec![
                self.post(&id, now, &text, &[&self.known]).await,
                self.post(&id, self.clock.now(), &text, &[&self.known]).await,
            ],
            Case::UnknownType => {
                vec![self.post(&id, now, &batch::of_unknown_type(now), &[&self.known]).await]
            }
            Case::LargestBody => vec![self.post(&id, now, &batch::largest(now), &[&self.known]).await],
            Case::SlowBody => {
                let message = signed(&id, now, &text);
                vec![client().post_slowly(&self.url, message, [&self.known], PARTS, PAUSE).await]
            }
        }
    }

    async fn post(&self, id: &str, at: Timestamp, body: &[u8], secrets: &[&Secret]) -> Outcome {
        client().post(&self.url, signed(id, at, body), secrets.iter().copied()).await
    }
}

/// A client without connections. A receiver that refuses a request before it has read the body may close the connection, which
/// must not fail the next request.
fn client() -> Client {
    Client::new(Reach::Everywhere)
}

fn signed<'a>(id: &'a str, at: Timestamp, body: &'a [u8]) -> Signed<'a> {
    Signed { id, timestamp: i64::try_from(at.seconds()).unwrap_or(i64::MAX), body }
}

fn before(now: Timestamp, by: Duration) -> Timestamp {
    let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
    Timestamp::from_millis(now.millis().saturating_sub(millis))
}

fn new_id() -> String {
    format!("msg_{}", Uuid::new_v4().simple())
}
