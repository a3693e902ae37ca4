//! The time from the answer to a user's message to its arrival at a partner's receiver, in `local`: with one receiver, and with a
//! second one that takes ten seconds for each request.

use std::{
    collections::BTreeMap,
    io,
    time::{Duration, Instant},
};

use tests::{Reaction, Receiver, Setup, Stream, System};

use crate::{machine, markdown::table, statistics::Sample};

/// The pause between two messages.
const PAUSE: Duration = Duration::from_millis(50);
/// The delay of the slow receiver's answers: just below the limit of an attempt.
const SLOW: Duration = Duration::from_millis(9_500);

/// Prints the quantiles over this many messages, alone and beside a slow receiver.
pub async fn print(messages: usize) -> io::Result<()> {
    let system = System::start_with(Setup { stream: Stream::Runs, ..Setup::default() }).await;
    system.operator.create_application("slow").await;
    let fast = Receiver::start();
    system.set_webhook("demo", &fast.url()).await;
    // The first delivery starts connections.
    measured(&system, &fast, "warm-up", 10).await;
    let alone = measured(&system, &fast, "alone", messages).await;
    let slow = Receiver::start_with(|_| Reaction::Slow(SLOW));
    system.set_webhook("slow", &slow.url()).await;
    system.platform.say("first", "1", "x").await;
    slow.arrived(1).await;
    let beside = measured(&system, &fast, "beside", messages).await;

    let mut rows = table(["", "messages", "p50", "p99", "longest"]);
    for (what, sample) in [("one receiver", &alone), ("beside a receiver that takes 9.5 s", &beside)] {
        let millis = |share| format!("{:.1} ms", sample.quantile(share));
        rows.add_row([what.to_owned(), sample.len().to_string(), millis(0.5), millis(0.99), millis(1.0)]);
    }
    println!("{}\n\n{rows}\n", machine::today_on_this_machine()?);
    let change = beside.quantile(0.99) / alone.quantile(0.99) - 1.0;
    println!("The slow receiver changes the p99 of the other one by {:.0} %.", change * 100.0);
    Ok(())
}

/// Milliseconds from the answer to each message to its arrival.
async fn measured(system: &System, receiver: &Receiver, chat: &str, messages: usize) -> Sample {
    let mut answered: BTreeMap<u64, Instant> = BTreeMap::new();
    for number in 0..messages {
        let seq = system.platform.say(chat, &number.to_string(), "x").await;
        answered.insert(seq, Instant::now());
        tokio::time::sleep(PAUSE).await;
    }
    receiver.until(|receiver| receiver.effects().get(chat).is_some_and(|all| all.len() == messages)).await;
    let mut latencies = Vec::new();
    for webhook in receiver.accepted() {
        for entry in webhook.entries().iter().filter(|entry| entry["openId"] == chat) {
            if let Some(at) = entry["seq"].as_u64().and_then(|seq| answered.remove(&seq)) {
                latencies.push(webhook.at.saturating_duration_since(at).as_secs_f64() * 1000.0);
            }
        }
    }
    Sample::of(&latencies)
}
