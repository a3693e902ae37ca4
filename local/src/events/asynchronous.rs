//! Asynchronous invocations: the caller does not wait, and failures are repeated.

use std::sync::{Arc, Mutex, PoisonError};

use thiserror::Error;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use super::RETRY_PAUSE;
use crate::{functions::Functions, template::AsyncInvocation};

/// Invokes functions in the background. The invocations end when the last clone is dropped.
#[derive(Debug, Clone)]
pub(super) struct Invoker {
    functions: Functions,
    under_way: Arc<Mutex<JoinSet<()>>>,
}

/// There is no function of this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("Function not found")]
pub(super) struct UnknownFunction;

impl Invoker {
    pub(super) fn new(functions: Functions) -> Self {
        Self { functions, under_way: Arc::default() }
    }

    /// Invokes the function `id` with `event`, and again if it fails, as the template says. It does not wait for the end.
    pub(super) fn invoke(&self, id: &str, event: String) -> Result<(), UnknownFunction> {
        let limits = self.functions.asynchronous(id).ok_or(UnknownFunction)?;
        // A poisoned lock is safe: nothing is done under it that can be half done.
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        while under_way.try_join_next().is_some() {}
        under_way.spawn(invoke(self.functions.clone(), id.to_owned(), limits, event));
        Ok(())
    }

    /// Ends the invocations that are under way.
    pub(super) fn stop(&self) {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}

async fn invoke(functions: Functions, id: String, limits: AsyncInvocation, event: String) {
    let accepted = Instant::now();
    for attempt in 0..=limits.retries {
        if attempt > 0 {
            sleep(RETRY_PAUSE).await;
            if accepted.elapsed() > limits.max_age {
                tracing::warn!("{id}: an event is given up after {:.0?}", accepted.elapsed());
                return;
            }
        }
        match functions.invoke_while_awaited(&id, event.clone()).await {
            Ok(_) => return,
            Err(error) => tracing::warn!("{id}: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::events::test_function::{TestFunction, failure};

    const HOUR: Duration = Duration::from_hours(1);

    #[tokio::test]
    async fn the_caller_does_not_wait_for_the_function() {
        let function = TestFunction::new(|_, _| Ok("null".to_owned())).lasting(Duration::from_millis(50));
        let invoker = Invoker::new(function.functions(0, HOUR));
        invoker.invoke("F", r#"{"a":1}"#.to_owned()).unwrap();
        assert_eq!(function.events(), [] as [String; 0]);
        assert_eq!(function.wait_for(1).await, [r#"{"a":1}"#]);
        assert_eq!(invoker.invoke("G", String::new()), Err(UnknownFunction));
    }

    #[tokio::test]
    async fn a_failure_is_repeated_as_often_as_the_template_says() {
        for retries in [0, 2] {
            let function = TestFunction::new(|_, _| Err(failure()));
            Invoker::new(function.functions(retries, HOUR)).run("F").await;
            assert_eq!(function.events().len(), 1 + retries as usize);
        }
        let function =
            TestFunction::new(|number, _| if number == 0 { Err(failure()) } else { Ok("1".to_owned()) });
        Invoker::new(function.functions(5, HOUR)).run("F").await;
        assert_eq!(function.events().len(), 2, "a success is not repeated");
    }

    #[tokio::test]
    async fn an_event_that_is_too_old_is_given_up() {
        let function = TestFunction::new(|_, _| Err(failure()));
        Invoker::new(function.functions(1_000, RETRY_PAUSE / 2)).run("F").await;
        assert_eq!(function.events().len(), 1);
    }

    #[tokio::test]
    async fn a_function_under_way_ends_with_the_invoker() {
        let function = TestFunction::new(|_, _| Ok("null".to_owned())).lasting(Duration::from_millis(50));
        let invoker = Invoker::new(function.functions(0, HOUR));
        invoker.invoke("F", "1".to_owned()).unwrap();
        tokio::task::yield_now().await;
        drop(invoker);
        sleep(Duration::from_millis(100)).await;
        assert_eq!(function.events(), [] as [String; 0]);
    }

    impl Invoker {
        /// Invokes a function and waits for the end of its retries.
        async fn run(&self, id: &str) {
            self.invoke(id, "1".to_owned()).unwrap();
            let mut under_way = std::mem::take(&mut *self.under_way.lock().unwrap());
            while under_way.join_next().await.is_some() {}
        }
    }
}
