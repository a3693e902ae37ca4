//! The scenarios: for each function the calls whose store requests differ. A scenario prepares the system, makes the call during which
//! the function is killed, repeats it as the client does, and checks the result from outside.

mod authorizers;
mod customer_service;
mod deliveries;
mod inboxes;
mod platform;
mod push;
mod sockets;
mod tokens;

use std::{fmt, future::Future, pin::Pin};

use super::world::World;

type Run = for<'w> fn(&'w World) -> Pin<Box<dyn Future<Output = ()> + 'w>>;

pub(super) struct Scenario {
    /// The function's logical id in the template.
    pub(super) function: &'static str,
    name: &'static str,
    pub(super) run: Run,
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.function, self.name)
    }
}

/// The scenarios of a function, each with its name.
macro_rules! scenarios {
    ($function:literal, $($name:literal => $run:path,)+) => {
        [$(crate::crashes::scenarios::Scenario {
            function: $function,
            name: $name,
            run: |world| Box::pin($run(world)),
        }),+]
    };
}
pub(super) use scenarios;

/// All scenarios, in the order of their files.
pub(super) fn all() -> Vec<Scenario> {
    let mut all = authorizers::all();
    all.extend(customer_service::all());
    all.extend(push::all());
    all.extend(tokens::all());
    all.extend(inboxes::all());
    all.extend(platform::all());
    all.extend(deliveries::all());
    all.extend(sockets::all());
    all
}
