//! Users who log in, and third-party systems that read their details.

use std::{cell::RefCell, collections::BTreeMap};

use fastrand::Rng;
use serde_json::json;
use tests::paths;

use super::{
    call::Call,
    chats,
    rule::{Broken, Subject},
    world::{PLATFORM_TOKEN, World},
};

const CLIENTS: usize = 12;

#[derive(Debug, Clone)]
pub(super) enum Op {
    LogIn { client: usize, number: u64 },
    Read { client: usize },
}

impl Op {
    pub(super) fn draw(rng: &mut Rng, number: u64) -> Self {
        let client = rng.usize(..CLIENTS);
        if rng.bool() { Self::LogIn { client, number } } else { Self::Read { client } }
    }

    pub(super) fn concerns(&self, subject: &Subject) -> bool {
        let (Self::LogIn { client, .. } | Self::Read { client }) = self;
        *subject == Subject::Details { client: *client }
    }
}

/// The calls for a client, each with the address that it stored or read.
#[derive(Debug, Default)]
struct Facts {
    logins: Vec<(Call, String)>,
    readings: Vec<Call>,
}

#[derive(Debug, Default)]
pub(super) struct Details(RefCell<BTreeMap<usize, Facts>>);

impl Details {
    pub(super) async fn run(&self, world: &World, op: &Op) {
        match op {
            Op::LogIn { client, number } => {
                let address = format!("h-{number}");
                let body = json!({
                    "userId": format!("details {client}"), "clientId": format!("客户/{client}"), "hostIp": address,
                    "userAgent": "Mozilla/5.0",
                });
                let call = world.post(PLATFORM_TOKEN, paths::LOGIN, &body).await;
                self.0.borrow_mut().entry(*client).or_default().logins.push((call, address));
            }
            Op::Read { client } => {
                let id = format!("客户/{client}");
                let call = world.get(&chats::token(0), paths::USER_INFO, &[("clientId", &id)]).await;
                self.0.borrow_mut().entry(*client).or_default().readings.push(call);
            }
        }
    }

    pub(super) fn check(&self) -> Vec<Broken> {
        let mut broken = Vec::new();
        for (client, facts) in self.0.borrow().iter() {
            let mut report = |rule, call: &Call| {
                let (at, subject) = (call.ended, Subject::Details { client: *client });
                broken.push(Broken { rule, at, subject, facts: format!("{call:?}") });
            };
            for (call, _) in facts.logins.iter().filter(|(call, _)| !call.may_apply()) {
                report("a valid login is accepted", call);
            }
            for reading in &facts.readings {
                let stored =
                    || facts.logins.iter().filter(|(login, _)| login.is_done() && login.precedes(reading));
                match (reading.refusal(), reading.body()) {
                    (Some("user does not exist"), _) if stored().next().is_none() => {}
                    (Some(_), _) => report("the details of a login can be read", reading),
                    (None, Some(body)) => {
                        let address = body["chatUser"]["hostIp"].as_str().unwrap_or_default();
                        let found = facts
                            .logins
                            .iter()
                            .find(|(login, of)| of == address && login.begun < reading.ended);
                        let is_old = |(login, _): &(Call, String)| {
                            stored().any(|(later, _)| login.settled() < later.begun)
                        };
                        if found.is_none_or(is_old) {
                            report("the details are those of the last login", reading);
                        }
                    }
                    (None, None) => {}
                }
            }
        }
        broken
    }
}
