//! Feed entries that become visible late: clocks that differ, transactions that commit late, and a query that sees an entry of
//! a chat and not the one before it. A reader gets each entry once, and each chat in order.

use std::collections::BTreeMap;

use model::Timestamp;
use serde_json::{Value, json};
use store::RecordId;
use tests::{ManualClock, System};

/// 2026-11-21 08:00:10 in UTC+8.
const NOW: u64 = 1_795_219_210_000;
const CHATS: u64 = 5;
const MESSAGES: u64 = 120;

/// Small deterministic random numbers (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// An entry and the moment at which it becomes visible.
struct Late {
    item: Value,
    visible_at: u64,
}

/// Entries of several chats within 20 seconds. Clocks of writers differ by up to 3 seconds from the true time, an entry becomes
/// visible up to 4 seconds after its acceptance, and within a chat in any order.
fn entries(random: &mut Random) -> Vec<Late> {
    let mut chats: BTreeMap<u64, (u64, Option<RecordId>)> = BTreeMap::new();
    let mut accepted_at: Vec<u64> = (0..MESSAGES).map(|_| NOW + random.below(20_000)).collect();
    accepted_at.sort_unstable();
    let late = accepted_at.into_iter().map(|accepted_at| {
        let chat = random.below(CHATS);
        let (seq, last) = chats.get(&chat).copied().unwrap_or_default();
        let by_clock = accepted_at + random.below(6_000) - 3_000;
        let after_last = last.map_or(0, |last| last.moment().millis() + 1);
        let key = RecordId::new(Timestamp::from_millis(by_clock.max(after_last)));
        let mut item = json!({
            "pk": "FEED#1", "sk": format!("MSG#{key}"), "openId": format!("chat-{chat}"), "seq": seq + 1,
            "messageId": (seq + 1).to_string(), "msgtype": "text", "payload": {"content": "x"},
            "acceptedAt": accepted_at, "expireAt": NOW / 1000 + 8 * 86_400,
        });
        if let Some(last) = last {
            item["prev"] = json!(last.to_string());
        }
        chats.insert(chat, (seq + 1, Some(key)));
        Late { item, visible_at: accepted_at + random.below(4_000) }
    });
    late.collect()
}

#[tokio::test]
async fn each_entry_is_given_once_and_each_chat_in_order_whatever_becomes_visible_when() {
    for seed in 1..=6_u64 {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut late = entries(&mut random);
        let clock = ManualClock::at(NOW);
        let system = System::start_at(&clock).await;
        let reader_differs_by = random.below(6_000);
        let mut cursor = String::new();
        let mut chats: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        let mut time = NOW;
        while time < NOW + 45_000 {
            time += 200 + random.below(800);
            let (visible, rest): (Vec<_>, Vec<_>) =
                late.into_iter().partition(|entry| entry.visible_at <= time);
            late = rest;
            system.store_items(visible.into_iter().map(|entry| entry.item)).await;
            clock.set(time + reader_differs_by - 3_000);
            let limit = (1 + random.below(40)).to_string();
            let parameters = [("source", "1"), ("cursor", cursor.as_str()), ("limit", limit.as_str())];
            let page = system.customer_service.get_feed(&parameters).await.success();
            for entry in page["list"].as_array().unwrap() {
                let chat = entry["openId"].as_str().unwrap().to_owned();
                chats.entry(chat).or_default().push(entry["seq"].as_u64().unwrap());
            }
            page["cursor"].as_str().unwrap().clone_into(&mut cursor);
        }
        let given: usize = chats.values().map(Vec::len).sum();
        assert_eq!(given as u64, MESSAGES, "seed {seed}");
        for (chat, numbers) in chats {
            assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>(), "{chat}, seed {seed}");
        }
    }
}

#[tokio::test]
async fn an_entry_waits_for_the_one_before_it_and_for_no_other_chat() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    let key = |millis| RecordId::new(Timestamp::from_millis(millis));
    let item = |chat: &str, seq: u64, key: RecordId, prev: Option<RecordId>| {
        json!({
            "pk": "FEED#1", "sk": format!("MSG#{key}"), "openId": chat, "seq": seq, "messageId": "m", "msgtype": "text",
            "payload": {"content": "x"}, "acceptedAt": NOW, "expireAt": NOW / 1000 + 1_000, "prev": prev.map(|prev| prev.to_string()),
        })
    };
    let (first, second) = (key(NOW - 2), key(NOW - 1));
    system.store_items([item("a", 2, second, Some(first)), item("b", 1, key(NOW), None)]).await;
    let chats = |page: &Value| {
        let list = page["list"].as_array().unwrap().iter();
        list.map(|entry| format!("{}{}", entry["openId"].as_str().unwrap(), entry["seq"])).collect::<Vec<_>>()
    };
    let page = system.customer_service.sync("").await;
    assert_eq!(chats(&page), ["b1"]);
    system.store_items([item("a", 1, first, None)]).await;
    let page = system.customer_service.sync(page["cursor"].as_str().unwrap()).await;
    assert_eq!(chats(&page), ["a1", "a2"]);
    // The entry before it never comes: after the window, it is given all the same.
    system.store_items([item("c", 2, key(NOW), Some(key(NOW - 3)))]).await;
    let page = system.customer_service.sync(page["cursor"].as_str().unwrap()).await;
    assert_eq!(chats(&page), [""; 0]);
    clock.advance_seconds(16);
    let page = system.customer_service.sync(page["cursor"].as_str().unwrap()).await;
    assert_eq!(chats(&page), ["c2"]);
}
