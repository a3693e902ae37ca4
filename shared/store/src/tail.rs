//! Reading the new records of a partition: each once and none missed, although writes become visible late.
//!
//! The key of a record, a UUIDv7, begins with the moment of its acceptance. Its write becomes visible later, and behind
//! records that were given before: a write is retried for as long as a request may take, and the clocks of two functions
//! differ. A reader handles this with
//!
//! - the **late-write window**: records accepted before it are visible;
//! - the **watermark**: all records up to it were given, and none will become visible there. It never passes the start of
//!   the window, nor a record that was not examined;
//! - the **given keys** above the watermark. The cursor holds both, and a reader goes on from the watermark and skips
//!   these keys.
//!
//! A record may name a **predecessor**, which has to be given before it. Within the window a record is held back until its
//! predecessor is below the watermark, or was given; before the window a missing predecessor has expired.

use std::{collections::BTreeSet, time::Duration};

use model::{CursorCodec, Parameter, ParameterError, Timestamp};
use serde::de::DeserializeOwned;

use crate::{
    dynamodb::{
        error::StoreError,
        key::Partition,
        query::Query,
        table::{Consistency, Table},
        ttl::is_live,
    },
    keys::{MESSAGE, message_sort_key, record_id},
    record_id::RecordId,
};

/// The bytes of a record's [`RecordId`]. They sort by time.
pub type RecordKey = [u8; 16];

/// How long after the moment of its key a record may become visible: 3 seconds of a request, 5 seconds until DynamoDB completes a
/// transaction that stalled, 1 second for that, and two clocks that differ from the true time by up to 3 seconds.
pub const LATE_WRITE_WINDOW: Duration = Duration::from_secs(15);

/// The most queries of one reading, each of at most 1 MB. A reading that needs more ends with a cursor: with large records,
/// and with expired records that wait for TTL.
const MAX_QUERIES: usize = 3;

/// A record that is read in the order of its keys.
pub trait TailRecord: DeserializeOwned + Send {
    /// The TTL, in epoch seconds.
    fn expire_at(&self) -> u64;

    /// The key of the record that has to be given before this one.
    fn predecessor(&self) -> Option<RecordKey> {
        None
    }
}

/// A partition whose records are read in the order of their keys.
#[derive(Debug)]
pub struct Log<'t> {
    table: &'t Table,
    partition: Partition,
}

/// The start and the order of a query of a [`Log`].
#[derive(Debug, Clone, Copy)]
pub enum Place {
    /// Oldest first, starting with this key.
    From(RecordKey),
    /// Oldest first, starting after this key.
    After(RecordKey),
    /// Newest first.
    Newest,
    /// Newest first, starting before this key.
    Before(RecordKey),
}

/// The records that one query read.
#[derive(Debug)]
pub struct LogPage<T> {
    /// In the order of the query. `None` is an expired record that TTL has not deleted yet.
    pub records: Vec<(RecordKey, Option<T>)>,
    /// Whether the query has more records.
    pub has_more: bool,
}

impl<'t> Log<'t> {
    pub(crate) const fn new(table: &'t Table, partition: Partition) -> Self {
        Self { table, partition }
    }

    /// One strongly consistent query of at most `limit` records and one megabyte. Expired records count towards both.
    ///
    /// # Errors
    /// [`StoreError`] if the query fails, or a record is corrupt.
    pub async fn query<T: TailRecord>(
        &self,
        place: Place,
        limit: Option<usize>,
        now: Timestamp,
    ) -> Result<LogPage<T>, StoreError> {
        let partition = self.partition.clone();
        let sort_key = |key: RecordKey| message_sort_key(RecordId::from_bytes(key));
        let query = match place {
            Place::From(key) => Query::from(partition, MESSAGE, sort_key(key)),
            Place::After(key) => Query::of_kind(partition, MESSAGE).after(Some(sort_key(key))),
            Place::Newest => Query::of_kind(partition, MESSAGE).descending(),
            Place::Before(key) => Query::of_kind(partition, MESSAGE).descending().after(Some(sort_key(key))),
        };
        let page = self.table.query(query.limit(limit), Consistency::Strong).await?;
        let has_more = page.has_more;
        let records = page.into_records().map(|record| {
            let (sort_key, record): (String, T) = record?;
            let key = record_id(MESSAGE, &sort_key)?.into_bytes();
            Ok((key, Some(record).filter(|record| is_live(record.expire_at(), now))))
        });
        Ok(LogPage { records: records.collect::<Result<_, StoreError>>()?, has_more })
    }
}

/// The records of a partition that were given: all up to the watermark, and above it these.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TailCursor {
    watermark: RecordKey,
    given: BTreeSet<RecordKey>,
}

impl TailCursor {
    /// The most given keys of a cursor in a URL. As text they are 5.5 KB; API Gateway takes 10,240 bytes of request line and
    /// headers.
    pub const URL_CAPACITY: usize = 256;

    /// The text for a caller.
    #[must_use]
    pub fn issue(&self, codec: &CursorCodec<'_>) -> String {
        codec.encode(self.to_bytes())
    }

    /// Reads a parameter that holds a cursor of at most [`Self::URL_CAPACITY`] given keys.
    ///
    /// # Errors
    /// [`ParameterError::InvalidCursor`] if it was altered or was issued for another list.
    pub fn parse(parameter: &Parameter<'_>, codec: &CursorCodec<'_>) -> Result<Option<Self>, ParameterError> {
        let Some(bytes) = codec.decode(parameter)? else { return Ok(None) };
        Self::from_bytes(&bytes, Self::URL_CAPACITY).map(Some).ok_or(ParameterError::InvalidCursor)
    }

    /// The cursor that was [written](Self::to_bytes) as `bytes`; `None` if they are none, or hold more than `capacity` given
    /// keys.
    #[must_use]
    pub fn from_bytes(bytes: &[u8], capacity: usize) -> Option<Self> {
        let (watermark, given) = bytes.split_first_chunk()?;
        let (given, rest) = given.as_chunks();
        let is_whole = rest.is_empty() && given.len() <= capacity;
        is_whole.then(|| Self { watermark: *watermark, given: given.iter().copied().collect() })
    }

    /// The watermark and the given keys, 16 bytes each.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.watermark.iter().chain(self.given.iter().flatten()).copied().collect()
    }

    /// The cursor before all records of `moment`.
    #[must_use]
    pub fn at(moment: Timestamp) -> Self {
        let mut cursor = Self::default();
        cursor.advance_to_moment(moment);
        cursor
    }

    /// All records up to this key were given, and none will become visible there.
    #[must_use]
    pub const fn watermark(&self) -> RecordKey {
        self.watermark
    }

    /// The time of the watermark: all records before it were given.
    #[must_use]
    pub fn moment(&self) -> Timestamp {
        let [millis @ .., _, _, _, _, _, _, _, _, _, _] = self.watermark;
        Timestamp::from_millis(millis.into_iter().fold(0, |moment, byte| moment << 8 | u64::from(byte)))
    }

    /// Whether the record with this key was given.
    #[must_use]
    pub fn has_given(&self, key: &RecordKey) -> bool {
        *key <= self.watermark || self.given.contains(key)
    }

    /// The number of given keys above the watermark.
    #[must_use]
    pub fn given_count(&self) -> usize {
        self.given.len()
    }

    /// Notes that the record with this key is given.
    pub fn give(&mut self, key: RecordKey) {
        self.given.insert(key);
    }

    /// Moves the watermark up to a key, never back.
    pub fn advance_to(&mut self, key: RecordKey) {
        self.watermark = self.watermark.max(key);
        let watermark = self.watermark;
        self.given.retain(|key| *key > watermark);
    }

    /// Moves the watermark up to the first key of a moment, never back.
    pub fn advance_to_moment(&mut self, moment: Timestamp) {
        let [_, _, millis @ ..] = moment.millis().to_be_bytes();
        let mut first = RecordKey::default();
        first.iter_mut().zip(millis).for_each(|(to, from)| *to = from);
        self.advance_to(first);
    }
}

/// A reader of new records.
#[derive(Debug)]
pub struct Tail {
    /// The records that were given. A reading moves it on.
    pub cursor: TailCursor,
    /// The most given keys above the watermark. Further new records wait until the window has passed.
    pub capacity: usize,
    /// The most records of one reading.
    pub limit: usize,
}

/// The end of a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Whether live records that are visible may not have been given: they did not fit, are held back, or were skipped.
    pub has_more: bool,
}

impl Tail {
    /// Gives the records that were not given before, oldest first, until `give` refuses one. At most three queries.
    ///
    /// The first query finds late writes. If it ends among records that were given before, the next one skips behind them,
    /// so that many large records of the window do not hold up new ones. The watermark stays where the first query ended, and
    /// the next reading goes on from there.
    ///
    /// # Errors
    /// [`StoreError`] if the table cannot be read, or a record is corrupt.
    pub async fn read<T: TailRecord>(
        &mut self,
        log: &Log<'_>,
        now: Timestamp,
        give: impl FnMut(RecordKey, T) -> bool + Send,
    ) -> Result<Reading, StoreError> {
        let window_start = window_start(now);
        let newest_given = self.cursor.given.last().copied();
        // The record at the watermark, the given ones above it, `limit` new ones, and one more that shows whether this is the
        // end. The later queries read 1 MB each: `limit` may be 1, and thousands of records may have expired.
        let mut size = Some(1 + self.cursor.given.len() + self.limit + 1);
        let mut place = Place::From(self.cursor.watermark);
        let mut step = Step { tail: self, give, window_start, count: 0, has_gap: false, holds_back: false };
        for _ in 0..MAX_QUERIES {
            let page = log.query(place, size.take(), now).await?;
            let mut last = None;
            for (key, record) in page.records {
                last = Some(key);
                if !step.offer(key, record) {
                    return Ok(Reading { has_more: true });
                }
            }
            if !page.has_more {
                step.advance_to_window();
                return Ok(Reading { has_more: step.holds_back || step.has_gap });
            }
            let Some(last) = last else { break };
            place = match newest_given {
                Some(newest) if newest > last => {
                    step.has_gap = true;
                    Place::After(newest)
                }
                _ => Place::After(last),
            };
        }
        Ok(Reading { has_more: true })
    }
}

/// The start of the late-write window.
#[must_use]
pub fn window_start(now: Timestamp) -> Timestamp {
    let window = u64::try_from(LATE_WRITE_WINDOW.as_millis()).unwrap_or(u64::MAX);
    Timestamp::from_millis(now.millis().saturating_sub(window))
}

/// The state of one reading.
struct Step<'t, G> {
    tail: &'t mut Tail,
    give: G,
    window_start: Timestamp,
    /// The records that this reading gave.
    count: usize,
    /// Whether records between the watermark and the current query were skipped.
    has_gap: bool,
    holds_back: bool,
}

impl<G> Step<'_, G> {
    /// Gives a record unless it was given before, has expired or is held back. `false` if there is no room for it.
    fn offer<T: TailRecord>(&mut self, key: RecordKey, record: Option<T>) -> bool
    where
        G: FnMut(RecordKey, T) -> bool,
    {
        // No record before this one will become visible, and none was skipped.
        let is_final = RecordId::from_bytes(key).moment() < self.window_start && !self.has_gap;
        if !is_final {
            self.advance_to_window();
        }
        if let Some(record) = record.filter(|_| !self.tail.cursor.has_given(&key)) {
            let predecessor = record.predecessor().filter(|_| !is_final);
            if predecessor.is_some_and(|predecessor| !self.tail.cursor.has_given(&predecessor)) {
                self.holds_back = true;
                return true;
            }
            let fits_cursor = is_final || self.tail.cursor.given.len() < self.tail.capacity;
            if self.count >= self.tail.limit || !fits_cursor || !(self.give)(key, record) {
                return false;
            }
            self.count += 1;
            self.tail.cursor.give(key);
        }
        if is_final {
            self.tail.cursor.advance_to(key);
        }
        true
    }

    /// Moves the watermark to the start of the window, unless records before it were skipped.
    fn advance_to_window(&mut self) {
        if !self.has_gap {
            self.tail.cursor.advance_to_moment(self.window_start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPACITY: usize = TailCursor::URL_CAPACITY;

    fn key(millis: u64, last: u8) -> RecordKey {
        let mut key = RecordKey::default();
        key[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
        key[15] = last;
        key
    }

    fn round_trip(cursor: &TailCursor) -> Option<TailCursor> {
        TailCursor::from_bytes(&cursor.to_bytes(), CAPACITY)
    }

    #[test]
    fn a_cursor_remembers_what_it_gave_and_forgets_what_is_before_the_watermark() {
        let mut cursor = TailCursor::default();
        cursor.give(key(1_000, 1));
        cursor.give(key(2_000, 1));
        cursor.advance_to_moment(Timestamp::from_millis(1_500));
        assert!(cursor.has_given(&key(1_000, 1)) && cursor.has_given(&key(2_000, 1)));
        assert!(cursor.has_given(&key(1_499, 9)), "all before the watermark is given");
        assert!(!cursor.has_given(&key(1_500, 9)) && !cursor.has_given(&key(2_000, 2)));
        assert_eq!(cursor.given.len(), 1);
        cursor.advance_to_moment(Timestamp::from_millis(1_000));
        assert_eq!(cursor.watermark, key(1_500, 0), "never back");
        assert_eq!(cursor.moment(), Timestamp::from_millis(1_500));
        cursor.advance_to(key(1_700, 3));
        assert!(cursor.has_given(&key(1_700, 3)) && !cursor.has_given(&key(1_700, 4)));
        assert_eq!(round_trip(&cursor), Some(cursor));
    }

    #[test]
    fn a_cursor_has_a_watermark_and_at_most_its_capacity_of_whole_keys() {
        for length in [0, 15, 17, 31, 33, (1 + CAPACITY + 1) * 16] {
            assert_eq!(TailCursor::from_bytes(&vec![0; length], CAPACITY), None, "{length}");
        }
        let mut full = TailCursor::default();
        (0..=255).for_each(|last| full.give(key(u64::from(last), 255 - last)));
        assert_eq!(round_trip(&full).as_ref(), Some(&full));
        let text = full.issue(&CursorCodec::new(["a", "b", "c"]));
        assert!(text.len() < 6_000, "it fits a URL: {}", text.len());
    }

    #[test]
    fn a_cursor_that_was_altered_or_is_another_lists_is_refused() {
        let codec = |list| CursorCodec::new(["chat", "1", list]);
        let parse = |text: &str, list| TailCursor::parse(&Parameter::from_query(Some(text)), &codec(list));
        let text = TailCursor::default().issue(&codec("c"));
        assert_eq!(parse(&text, "c"), Ok(Some(TailCursor::default())));
        assert_eq!(parse(" ", "c"), Ok(None));
        assert_eq!(parse(&text, "d"), Err(ParameterError::InvalidCursor));
        assert_eq!(parse(&format!("{text}A"), "c"), Err(ParameterError::InvalidCursor));
        for length in [0, 15, 17, (1 + CAPACITY + 1) * 16] {
            assert_eq!(parse(&codec("c").encode(vec![0; length]), "c"), Err(ParameterError::InvalidCursor));
        }
    }

    struct Entry(Option<RecordKey>);

    impl<'de> serde::Deserialize<'de> for Entry {
        fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            Ok(Self(None))
        }
    }

    impl TailRecord for Entry {
        fn expire_at(&self) -> u64 {
            0
        }

        fn predecessor(&self) -> Option<RecordKey> {
            self.0
        }
    }

    #[test]
    fn a_record_waits_for_its_predecessor_until_the_window_has_passed() {
        let mut tail = Tail { cursor: TailCursor::default(), capacity: 3, limit: 10 };
        let mut given = Vec::new();
        let record_key = |millis| RecordId::new(Timestamp::from_millis(millis)).into_bytes();
        let (first, second, third) = (record_key(2_000), record_key(2_001), record_key(2_002));
        let (fourth, expired) = (record_key(3_000), record_key(2_500));
        let mut offer = |tail: &mut Tail, start: u64, entry: RecordKey, predecessor: Option<RecordKey>| {
            let window_start = Timestamp::from_millis(start);
            let give = |key, _: Entry| {
                given.push(key);
                true
            };
            let mut step = Step { tail, give, window_start, count: 0, has_gap: false, holds_back: false };
            assert!(step.offer(entry, Some(Entry(predecessor))));
            step.holds_back
        };
        assert!(offer(&mut tail, 1_000, second, Some(first)), "the first is not visible yet");
        assert!(offer(&mut tail, 1_000, third, Some(second)), "nor is the second given");
        assert!(!offer(&mut tail, 1_000, first, Some(record_key(999))), "below the watermark");
        assert!(!offer(&mut tail, 1_000, second, Some(first)));
        assert!(!offer(&mut tail, 1_000, third, Some(second)));
        assert!(!offer(&mut tail, 9_000, fourth, Some(expired)), "the predecessor has expired");
        assert_eq!(given, [first, second, third, fourth]);
    }
}
