//! The plan of a history: operations at fixed times, drawn from a seed. A part of a plan is a plan, too.

use fastrand::Rng;

use super::{
    chats, details, pushes, robot,
    rule::Subject,
    sockets,
    store::Weather,
    time::{MINUTE, Millis, SECOND},
    tokens,
};

/// Operations of one burst.
const BURST: u64 = 420;

/// Operations of sockets in one burst, besides the others.
const BURST_OF_SOCKETS: u64 = 40;

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
    Sockets(sockets::Op),
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
    /// Sockets draw nothing from the chances of the others, whose operations are those of a plan without sockets.
    rng_of_sockets: Rng,
    at: Millis,
    /// The operations so far, without those of sockets.
    number: u64,
    /// The operations of sockets so far.
    number_of_sockets: u64,
}

impl Plan {
    pub(super) fn of(seed: u64) -> Self {
        let rng_of_sockets = Rng::with_seed(seed ^ 0x_7a9e_50c4);
        Self { rng: Rng::with_seed(seed), rng_of_sockets, at: 0, number: 0, number_of_sockets: 0 }
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
        let mut ops: Vec<_> = ops.collect();
        for _ in 0..BURST_OF_SOCKETS {
            self.number_of_sockets += 1;
            let at = begin + self.rng_of_sockets.u64(..length);
            let op = sockets::Op::draw(&mut self.rng_of_sockets, at, self.number_of_sockets);
            ops.push((at, Op::Sockets(op)));
        }
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
            Self::Sockets(op) => op.concerns(subject),
        }
    }
}
