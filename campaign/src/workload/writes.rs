//! Numbered writes, each of which a client repeats until it succeeds.

/// The writes of one list, from number 0.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    states: Vec<State>,
    failed: Vec<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It was sent, and no success was answered yet.
    Sent,
    Accepted,
}

impl Writes {
    /// The next write: one that failed; otherwise a new one in `new_percent` of the calls, and the repeat of an accepted one in the
    /// others, if its number may be repeated.
    pub(crate) fn next(&mut self, new_percent: u8, may_be_repeated: impl Fn(u32) -> bool) -> u32 {
        if let Some(number) = self.failed.pop() {
            return number;
        }
        let count = u32::try_from(self.states.len()).unwrap_or(u32::MAX);
        if fastrand::u8(0..100) >= new_percent && count > 0 {
            let number = fastrand::u32(0..count);
            if may_be_repeated(number) && self.state(number) == Some(State::Accepted) {
                return number;
            }
        }
        self.states.push(State::Sent);
        count
    }

    /// Notes a success.
    pub(crate) fn accept(&mut self, number: u32) {
        if let Some(state) = usize::try_from(number).ok().and_then(|index| self.states.get_mut(index)) {
            *state = State::Accepted;
        }
    }

    /// Notes a failure of a write that has to be repeated.
    pub(crate) fn fail(&mut self, number: u32) {
        if self.state(number) == Some(State::Sent) {
            self.failed.push(number);
        }
    }

    pub(crate) fn has_failed_ones(&self) -> bool {
        !self.failed.is_empty()
    }

    pub(crate) fn state(&self, number: u32) -> Option<State> {
        self.states.get(usize::try_from(number).ok()?).copied()
    }

    pub(crate) fn numbers(&self, of: State) -> impl Iterator<Item = u32> {
        (0..).zip(&self.states).filter(move |(_, state)| **state == of).map(|(number, _)| number)
    }

    /// The number of writes, accepted or not.
    pub(crate) fn count(&self) -> u32 {
        u32::try_from(self.states.len()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_failed_comes_next_and_an_accepted_one_may_be_repeated() {
        let mut writes = Writes::default();
        assert_eq!([writes.next(100, |_| true), writes.next(100, |_| true)], [0, 1]);
        writes.fail(0);
        writes.accept(1);
        assert!(writes.has_failed_ones());
        assert_eq!(writes.next(100, |_| true), 0);
        writes.accept(0);
        // A repeat of an accepted write does not undo it.
        writes.fail(0);
        assert!(!writes.has_failed_ones());
        assert_eq!(writes.numbers(State::Accepted).collect::<Vec<_>>(), [0, 1]);
        assert!(writes.next(0, |_| true) < 2);
        assert_eq!(writes.next(0, |_| false), 2);
    }
}
