//! The plan of a history: operations at fixed times, drawn from a seed. A part of a plan is a plan, too.

use fastrand::Rng;

use super::{
    chats, details, pushes, robot,
    rule::Subject,
    store::Weather,
    time::{MINUTE, Millis, SECOND},
    tokens,
};

/// Operations of one burst.
const BURST: u64 = 420;

/// The mean time between two bursts.
const PAUSE: Millis = 3 * MINUTE;

/// An operation of any client.
#[derive(Debug, Clone)]
pub(super) enum Op {
    Pushes(pushes::Op),
    Chats(chats::Op),
    Robot(robot::Op),
    Details(details::Op),
    Tokens(tokens::Op),
}

/// Operations that overlap.
#[derive(Debug)]
pub(super) struct Burst {
    pub(super) begin: Millis,
    pub(super) weather: Weather,
    pub(super) ops: Vec<(Millis, Op)>,
}

/// The bursts of a seed, one after the other.
pub(super) struct Plan {
    rng: Rng,
    at: Millis,
    /// The operations so far.
    number: u64,
}

impl Plan {
    pub(super) fn of(seed: u64) -> Self {
        Self { rng: Rng::with_seed(seed), at: 0, number: 0 }
    }

    pub(super) fn next(&mut self) -> Burst {
        let rng = &mut self.rng;
        let begin = self.at + rng.u64(PAUSE / 6..PAUSE * 11 / 6);
        let length = *rng.choice(&[2, 4, 10, 30]).unwrap_or(&4) * SECOND;
        let weather = match rng.u8(..20) {
            0..8 => Weather::Calm,
            8..16 => Weather::Windy,
            _ => Weather::Storm,
        };
        let mut times: Vec<_> = (0..BURST).map(|_| begin + rng.u64(..length)).collect();
        times.sort_unstable();
        let ops = times.into_iter().map(|at| {
            self.number += 1;
            (at, Op::draw(rng, at, self.number))
        });
        let ops = ops.collect();
        self.at = begin + length;
        Burst { begin, weather, ops }
    }
}

impl Op {
    fn draw(rng: &mut Rng, now: Millis, number: u64) -> Self {
        match rng.u8(..100) {
            0..45 => Self::Pushes(pushes::Op::draw(rng, now, number)),
            45..90 => Self::Chats(chats::Op::draw(rng, now, number)),
            90..95 => Self::Robot(robot::Op::draw(rng, now, number)),
            95..97 => Self::Details(details::Op::draw(rng, number)),
            _ => Self::Tokens(tokens::Op::draw(rng, number)),
        }
    }

    /// Whether the operation can matter for a rule about `subject`.
    pub(super) fn concerns(&self, subject: &Subject) -> bool {
        match self {
            Self::Pushes(op) => op.concerns(subject),
            Self::Chats(op) => op.concerns(subject),
            Self::Robot(op) => op.concerns(subject),
            Self::Details(op) => op.concerns(subject),
            Self::Tokens(op) => op.concerns(subject),
        }
    }
}
