//! The function `F`, whose outcomes a test chooses.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::sleep;

use crate::{
    functions::{Code, FunctionError, Functions, Outcome},
    template::AsyncInvocation,
};

/// Decides by the event of an invocation, and by the number of those before it.
type Decide = Arc<dyn Fn(usize, &str) -> Outcome + Send + Sync>;

#[derive(Clone)]
pub(super) struct TestFunction {
    decide: Decide,
    duration: Duration,
    events: Arc<Mutex<Vec<String>>>,
}

pub(super) fn failure() -> FunctionError {
    FunctionError::Returned("failed on purpose".to_owned().into())
}

impl TestFunction {
    pub(super) fn new(decide: impl Fn(usize, &str) -> Outcome + Send + Sync + 'static) -> Self {
        Self { decide: Arc::new(decide), duration: Duration::ZERO, events: Arc::default() }
    }

    /// Takes this long for each invocation.
    pub(super) fn lasting(self, duration: Duration) -> Self {
        Self { duration, ..self }
    }

    pub(super) fn functions(&self, retries: u32, max_age: Duration) -> Functions {
        let function = self.clone();
        let code: Code = Arc::new(move |event, _| {
            let function = function.clone();
            Box::pin(async move {
                sleep(function.duration).await;
                let mut events = function.events.lock().unwrap();
                let outcome = (function.decide)(events.len(), &event);
                events.push(event);
                outcome
            })
        });
        Functions::of_one("F", code, AsyncInvocation { retries, max_age })
    }

    /// The events of the invocations that ended.
    pub(super) fn events(&self) -> Vec<String> {
        self.events.lock().unwrap().clone()
    }

    /// The events, when there are this many.
    pub(super) async fn wait_for(&self, count: usize) -> Vec<String> {
        let wait = async {
            while self.events().len() < count {
                sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), wait).await.expect("the events arrive");
        self.events()
    }
}
