//! When the alarms of the template go off: each alarm's expression, evaluated over the metrics of generated requests.
//!
//! | an hour that ends with | 5xx | functions | hourly | slow | tables |
//! |---|---|---|---|---|---|
//! | everything fails for ten minutes, at volume | yes | yes | yes | no | no |
//! | 2 % fail for ten minutes, at volume | yes | yes | no | no | no |
//! | three errors, without volume | no | no | yes | no | no |
//! | three errors in five minutes, twice | yes | yes | yes | no | no |
//! | total throttling, no invocation at all | yes | yes | yes | no | yes |
//! | half of three calls, or 1 % of 100, slow | no | no | no | yes | no |
//! | silence, healthy traffic, only 4xx, one error in a million | no | no | no | no | no |
//!
//! A late last point changes none of these.

mod expression;
mod requests;

use std::collections::{BTreeMap, BTreeSet};

use local::TEMPLATE;
use serde::Deserialize;
use serde_json::Value;

use self::{
    expression::evaluate,
    requests::{PERIODS_AN_HOUR, Requests, SILENCE, hour, requests},
};
use crate::template::{FUNCTION, properties, stack};

/// The number of alarms and of the metrics they watch, which AWS charges for, and the price of all of them in a month.
const BILL: &str = "60 alarms watch 172 metrics: $17.20 a month";

/// The kinds of alarms: the end of an alarm's name is the longest of them that fits.
const KINDS: [Kind; 9] = [
    Kind::ServerErrors,
    Kind::HourlyServerErrors,
    Kind::Failures,
    Kind::HourlyFailures,
    Kind::Slow,
    Kind::Throttles,
    Kind::DeliveryLag,
    Kind::EndpointDisabled,
    Kind::SignalsLost,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    ServerErrors,
    HourlyServerErrors,
    Failures,
    HourlyFailures,
    Slow,
    Throttles,
    /// Users' messages wait for their delivery to a webhook endpoint.
    DeliveryLag,
    EndpointDisabled,
    /// Signals to browsers fail or are dropped.
    SignalsLost,
}

/// Every kind that requests with a 5xx raise, and every kind that failing calls of functions raise.
const FAILING: [Kind; 4] =
    [Kind::ServerErrors, Kind::HourlyServerErrors, Kind::Failures, Kind::HourlyFailures];
const HOURLY: [Kind; 2] = [Kind::HourlyServerErrors, Kind::HourlyFailures];
/// The alarms of the stack, and not of a resource.
const OF_THE_STACK: [Kind; 3] = [Kind::DeliveryLag, Kind::EndpointDisabled, Kind::SignalsLost];
/// A period of five minutes raises them.
const AT_ONCE: [Kind; 2] = [Kind::DeliveryLag, Kind::EndpointDisabled];
/// The functions without an API.
const BACKGROUND: [&str; 3] = ["NotifyUsers", "DispatchEvents", "DeliverEvents"];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Alarm {
    #[serde(skip)]
    id: String,
    comparison_operator: String,
    threshold: f64,
    evaluation_periods: usize,
    #[serde(rename = "DatapointsToAlarm")]
    datapoints_needed: usize,
    treat_missing_data: String,
    metrics: Vec<Query>,
}

/// A `MetricDataQuery`: a metric, or an expression over others.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Query {
    id: String,
    expression: Option<String>,
    metric_stat: Option<MetricStat>,
    return_data: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MetricStat {
    stat: String,
    period: usize,
    metric: Metric,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    namespace: String,
    #[serde(rename = "MetricName")]
    name: String,
    dimensions: Vec<Dimension>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Dimension {
    name: String,
    value: Value,
}

/// The points of an alarm's metrics, oldest first, by the ids of the metrics.
type Points = BTreeMap<String, Vec<Option<f64>>>;

impl Alarm {
    fn kind(&self) -> Kind {
        let fitting = KINDS.into_iter().filter(|kind| self.id.ends_with(&format!("{kind:?}Alarm")));
        fitting.max_by_key(|kind| format!("{kind:?}").len()).unwrap()
    }

    fn stats(&self) -> impl Iterator<Item = (&str, &MetricStat)> {
        self.metrics.iter().filter_map(|query| Some((query.id.as_str(), query.metric_stat.as_ref()?)))
    }

    /// Seconds; CloudWatch takes no alarm whose metrics have several.
    fn period(&self) -> usize {
        let periods: BTreeSet<_> = self.stats().map(|(_, stat)| stat.period).collect();
        assert_eq!(periods.len(), 1, "{}", self.id);
        *periods.first().unwrap()
    }

    /// Its metrics, as these requests make them.
    fn points(&self, hour: &[Requests]) -> Points {
        let together = self.period() / 300;
        self.stats()
            .map(|(id, MetricStat { stat, metric, .. })| {
                let of_five_minutes: Vec<_> =
                    hour.iter().map(|requests| requests.point(&metric.name, stat)).collect();
                let points = of_five_minutes.chunks(together).map(|chunk| {
                    // Sums and counts add up; a percentile of an hour does not follow from those of its parts.
                    assert!(together == 1 || !stat.starts_with('p'), "{}", self.id);
                    chunk.iter().flatten().copied().reduce(|sum, point| sum + point)
                });
                (id.to_owned(), points.collect())
            })
            .collect()
    }

    /// The value that is compared with the threshold.
    fn value(&self, id: &str, points: &Points, at: usize) -> Option<f64> {
        let query = self.metrics.iter().find(|query| query.id == id);
        let query = query.unwrap_or_else(|| panic!("{}: no metric is called {id}", self.id));
        query
            .expression
            .as_ref()
            .map_or_else(|| points[id][at], |text| evaluate(text, &|id| self.value(id, points, at)))
    }

    fn values(&self, points: &Points) -> Vec<Option<f64>> {
        let [returned] =
            self.metrics.iter().filter(|query| query.return_data != Some(false)).collect::<Vec<_>>()[..]
        else {
            panic!("{}: an alarm is about one series", self.id)
        };
        let periods = points.values().next().unwrap().len();
        (0..periods).map(|at| self.value(&returned.id, points, at)).collect()
    }

    /// Whether it is in the state ALARM after these points, if it was `before`.
    ///
    /// CloudWatch reads some more points than `EvaluationPeriods` (two more here; AWS does not promise how many) and takes the
    /// newest that are there. Missing points count as `TreatMissingData` says only where there are fewer than `EvaluationPeriods`;
    /// `notBreaching` then means that only real points can raise the alarm. An alarm on metrics of DynamoDB ignores missing points
    /// whatever `TreatMissingData` says: it keeps its state unless a point speaks against it.
    fn is_raised(&self, points: &Points, before: bool) -> bool {
        let read = self.values(points).into_iter().rev().take(self.evaluation_periods + 2);
        let there: Vec<_> = read.flatten().take(self.evaluation_periods).collect();
        let breaching = there.iter().filter(|value| **value > self.threshold).count();
        let keeps_its_state = self.stats().any(|(_, stat)| stat.metric.namespace == "AWS/DynamoDB");
        let says_nothing = breaching == there.len() && there.len() < self.datapoints_needed;
        if keeps_its_state && says_nothing { before } else { breaching >= self.datapoints_needed }
    }
}

fn alarms() -> Vec<Alarm> {
    let alarms = stack()
        .resources("AWS::CloudWatch::Alarm")
        .map(|resource| Alarm { id: resource.id.clone(), ..resource.properties().unwrap() })
        .collect::<Vec<_>>();
    assert!(!alarms.is_empty());
    alarms
}

/// Asserts that an hour of requests raises the alarms of these kinds and no others.
fn assert_raises(what: &str, hour: &[Requests], raised: &[Kind]) {
    for alarm in alarms() {
        let is_raised = alarm.is_raised(&alarm.points(hour), false);
        assert_eq!(is_raised, raised.contains(&alarm.kind()), "{what}: {}", alarm.id);
    }
}

/// The same points without those of the last period of some metrics, for every choice of metrics.
fn without_last_points(points: &Points) -> impl Iterator<Item = Points> + '_ {
    (0..1_u32 << points.len()).map(|choice| {
        let mut points = points.clone();
        for (number, series) in points.values_mut().enumerate() {
            if choice & (1 << number) != 0 {
                *series.last_mut().unwrap() = None;
            }
        }
        points
    })
}

#[test]
fn m_of_n_points_raise_an_alarm_and_missing_ones_count_when_others_are_too_few() {
    let metric = |namespace: &str| Query {
        id: "m".to_owned(),
        expression: None,
        metric_stat: Some(MetricStat {
            stat: "Sum".to_owned(),
            period: 300,
            metric: Metric {
                namespace: namespace.to_owned(),
                name: "Errors".to_owned(),
                dimensions: Vec::new(),
            },
        }),
        return_data: None,
    };
    let alarm = |namespace: &str, datapoints_needed| Alarm {
        id: String::new(),
        comparison_operator: "GreaterThanThreshold".to_owned(),
        threshold: 0.0,
        evaluation_periods: 3,
        datapoints_needed,
        treat_missing_data: "notBreaching".to_owned(),
        metrics: vec![metric(namespace)],
    };
    // The tables of CloudWatch's user guide, "How alarm state is evaluated when data is missing": X is breaching.
    for (points, three_of_three, two_of_three, two_of_three_if_ignored) in [
        ("0-X-X", false, true, true),
        ("0----", false, false, false),
        ("-----", false, false, true),
        ("0XX-X", true, true, true),
        ("----X", false, false, true),
        ("X----", false, false, true),
        ("00X0X", false, true, true),
        ("0-X--", false, false, false),
        ("----0", false, false, false),
    ] {
        let series = points.chars().map(|point| match point {
            'X' => Some(1.0),
            '0' => Some(0.0),
            _ => None,
        });
        let series = Points::from([("m".to_owned(), series.collect())]);
        let is_raised = |namespace, datapoints| alarm(namespace, datapoints).is_raised(&series, true);
        assert_eq!(is_raised("AWS/Lambda", 3), three_of_three, "{points}");
        assert_eq!(is_raised("AWS/Lambda", 2), two_of_three, "{points}");
        assert_eq!(is_raised("AWS/DynamoDB", 2), two_of_three_if_ignored, "{points}");
    }
}

#[test]
fn alarms_have_the_periods_and_limits_of_their_kind() {
    for alarm in alarms() {
        let kind = alarm.kind();
        let expected = match kind {
            _ if HOURLY.contains(&kind) => (3600, 1, 1),
            _ if AT_ONCE.contains(&kind) => (300, 1, 1),
            _ => (300, 3, 2),
        };
        let actual = (alarm.period(), alarm.evaluation_periods, alarm.datapoints_needed);
        assert_eq!(actual, expected, "{}", alarm.id);
        assert_eq!(
            (alarm.comparison_operator.as_str(), alarm.threshold),
            ("GreaterThanThreshold", 0.0),
            "{}",
            alarm.id
        );
        assert_eq!(alarm.treat_missing_data, "notBreaching", "{}", alarm.id);
        assert!(alarm.metrics.len() <= 10, "{}: CloudWatch takes no more", alarm.id);
    }
}

#[test]
fn alarms_of_a_kind_differ_in_the_resource_they_watch_only() {
    let without_resource = |alarm: &Alarm| {
        let metrics = alarm.metrics.iter().map(|query| {
            let stat = query.metric_stat.as_ref();
            let stat = stat.map(|stat| (&stat.stat, stat.period, &stat.metric.namespace, &stat.metric.name));
            format!("{} {:?} {stat:?}", query.id, query.expression)
        });
        metrics.collect::<Vec<_>>()
    };
    let alarms = alarms();
    for kind in KINDS {
        let alike: BTreeSet<_> =
            alarms.iter().filter(|alarm| alarm.kind() == kind).map(without_resource).collect();
        assert_eq!(alike.len(), 1, "{kind:?}: {alike:#?}");
    }
}

/// An alarm on metrics of DynamoDB keeps its state where its expression has no value, so that it would stay in ALARM.
#[test]
fn every_expression_has_a_value_whichever_points_are_missing() {
    for alarm in alarms() {
        for last in [SILENCE, requests(3), requests(3000).failing(3000), SILENCE.throttled(100)] {
            for points in without_last_points(&alarm.points(&hour(SILENCE, &[last]))) {
                let values = alarm.values(&points);
                assert!(
                    values.iter().all(|value| matches!(value, Some(0.0 | 1.0))),
                    "{}: {points:?}",
                    alarm.id
                );
            }
        }
    }
}

#[test]
fn silence_and_healthy_traffic_raise_nothing() {
    assert_raises("silence", &hour(SILENCE, &[]), &[]);
    assert_raises("a call an hour", &hour(SILENCE, &[requests(1)]), &[]);
    assert_raises("healthy", &hour(requests(3_000), &[]), &[]);
    assert_raises("traffic that ends", &hour(requests(3_000), &[SILENCE; 6]), &[]);
}

#[test]
fn an_outage_at_volume_raises_what_fails() {
    let healthy = requests(3_000);
    assert_raises("everything fails", &hour(healthy, &[healthy.failing(3_000); 2]), &FAILING);
    // 2 % of ten minutes are 0.3 % of the hour.
    let two_percent = [healthy.failing(60); 2];
    assert_raises("2 % fail", &hour(healthy, &two_percent), &[Kind::ServerErrors, Kind::Failures]);
    assert_raises("2 % fail for an hour", &hour(healthy.failing(60), &[]), &FAILING);
    assert_raises("1 % fails for an hour", &hour(healthy.failing(30), &[]), &[]);
    let for_five_minutes = [healthy.failing(60), healthy, healthy];
    assert_raises("2 % fail for five minutes", &hour(healthy, &for_five_minutes), &[]);
}

#[test]
fn an_error_in_a_million_raises_nothing() {
    for millions in [1, 10, 100] {
        let million = requests(millions * 1_000_000).failing(millions);
        assert_raises("an error in a million", &hour(million, &[]), &[]);
    }
}

#[test]
fn three_errors_without_volume_raise_the_hourly_alarms() {
    for later in 0..PERIODS_AN_HOUR {
        let mut last = vec![SILENCE; later + 1];
        last[0] = requests(3).failing(3);
        assert_raises("three at once", &hour(SILENCE, &last), &HOURLY);
    }
    let mut spread = hour(SILENCE, &[]);
    for period in [0, 5, 11] {
        spread[period] = requests(1).failing(1);
    }
    assert_raises("three in an hour", &spread, &HOURLY);
    spread[5] = requests(1);
    assert_raises("two of three in an hour", &spread, &[]);
    let twice = [requests(3).failing(3); 2];
    assert_raises("three in five minutes, twice", &hour(SILENCE, &twice), &FAILING);
}

#[test]
fn total_throttling_raises_what_is_turned_away() {
    let raised = [&FAILING[..], &[Kind::Throttles]].concat();
    for throttled in [3, 100, 100_000] {
        let last = [SILENCE.throttled(throttled); 2];
        assert_raises("after silence", &hour(SILENCE, &last), &raised);
    }
    assert_raises("after traffic", &hour(requests(3_000), &[SILENCE.throttled(3_000); 2]), &raised);
    assert_raises("once", &hour(SILENCE, &[SILENCE.throttled(1)]), &[]);
}

#[test]
fn client_errors_raise_nothing() {
    assert_raises("only 4xx", &hour(requests(3_000).refused(), &[]), &[]);
    assert_raises("only 4xx, rarely", &hour(SILENCE, &[requests(3).refused(); 2]), &[]);
}

#[test]
fn slow_calls_raise_by_p99_of_many_and_by_the_median_of_few() {
    let slow = |what: &str, last: Requests, raised: bool| {
        let raised = if raised { &[Kind::Slow][..] } else { &[] };
        assert_raises(what, &hour(requests(200), &[last; 2]), raised);
        assert_raises(what, &hour(SILENCE, &[last; 2]), raised);
    };
    slow("p99 of many", requests(100).lasting(6, 5_001), true);
    slow("p99 of many, at the bound", requests(100).lasting(6, 5_000), false);
    slow("p99 of few is one call", requests(99).lasting(6, 9_000), false);
    slow("the median of few", requests(3).lasting(5_001, 9_000), true);
    slow("the median of few, at the bound", requests(3).lasting(5_000, 9_000), false);
    slow("two calls", requests(2).lasting(9_000, 9_000), false);
}

#[test]
fn messages_that_wait_for_more_than_five_minutes_raise_the_delivery_lag() {
    for (seconds, raised) in
        [(0, &[][..]), (300, &[]), (301, &[Kind::DeliveryLag]), (600, &[Kind::DeliveryLag])]
    {
        assert_raises("lag", &hour(SILENCE, &[SILENCE.lagging(seconds)]), raised);
    }
    assert_raises(
        "a lag that ended",
        &hour(SILENCE, &[SILENCE.lagging(600), SILENCE, SILENCE, SILENCE]),
        &[],
    );
}

#[test]
fn a_disabled_endpoint_raises_its_alarm_at_once() {
    assert_raises("disabled", &hour(SILENCE, &[SILENCE.disabling(1)]), &[Kind::EndpointDisabled]);
    assert_raises(
        "disabled earlier",
        &hour(SILENCE, &[SILENCE.disabling(1), SILENCE, SILENCE, SILENCE]),
        &[],
    );
}

#[test]
fn signals_that_are_lost_at_volume_raise_their_alarm() {
    for (sent, lost, raised) in [
        (0, 100, &[Kind::SignalsLost][..]),
        (0, 99, &[]),
        (1_899, 100, &[Kind::SignalsLost]),
        (1_900, 100, &[]),
        (1_000_000, 50_000, &[]),
        (1_000_000, 60_000, &[Kind::SignalsLost]),
    ] {
        let signals = SILENCE.signalling(sent, lost);
        assert_raises("signals", &hour(SILENCE, &[signals; 2]), raised);
        assert_raises("signals, once", &hour(SILENCE, &[signals]), &[]);
    }
}

#[test]
fn a_late_last_point_changes_no_alarm() {
    let healthy = requests(3_000);
    // Of 3,000 calls 0.3 % fail: were the number of calls late, that period would breach, and no other.
    let cases = [
        ("fails", hour(healthy, &[healthy.failing(3_000); 3]), &FAILING[..]),
        ("is throttled", hour(SILENCE, &[SILENCE.throttled(100); 3]), &[Kind::Throttles]),
        ("is slow", hour(healthy, &[healthy.lasting(6_000, 9_000); 3]), &[Kind::Slow]),
    ];
    for (what, hour, raised) in &cases {
        for alarm in
            alarms().iter().filter(|alarm| raised.contains(&alarm.kind()) && !HOURLY.contains(&alarm.kind()))
        {
            for points in without_last_points(&alarm.points(hour)) {
                assert!(alarm.is_raised(&points, false), "{what}: {} {points:?}", alarm.id);
            }
        }
    }
    for alarm in alarms().iter().filter(|alarm| !HOURLY.contains(&alarm.kind())) {
        for points in without_last_points(&alarm.points(&hour(healthy.failing(9).throttled(9), &[]))) {
            assert!(!alarm.is_raised(&points, false), "{}: {points:?}", alarm.id);
        }
    }
    // CloudWatch moves the hour of an alarm on by a minute each minute, so that what is late is a part of its only point.
    assert_raises(
        "fails, late",
        &hour(healthy, &[healthy.failing(3_000), healthy.failing(3_000), SILENCE]),
        &FAILING,
    );
}

#[test]
fn alarms_go_back_when_the_fault_is_over_or_the_traffic() {
    let healthy = requests(3_000);
    for after in [healthy, SILENCE] {
        let fault = healthy.failing(3_000).throttled(3_000).lasting(9_000, 9_000);
        let hour = hour(healthy, &[fault, fault, after, after, after]);
        for alarm in alarms() {
            let stays = HOURLY.contains(&alarm.kind());
            assert_eq!(alarm.is_raised(&alarm.points(&hour), true), stays, "{}", alarm.id);
        }
    }
}

#[test]
fn every_api_function_and_table_has_its_alarms_and_the_runbook_a_page_for_each_kind() {
    let stack = stack();
    let named = |kind: &str, suffix: &'static str, alarm: Kind| {
        let ids = stack.resources(kind).map(|resource| resource.id.strip_suffix(suffix).unwrap().to_owned());
        ids.map(move |id| format!("{id}{alarm:?}Alarm")).collect::<Vec<_>>()
    };
    // The functions that few calls reach, and on which all others depend.
    let rare = |name: &String| name.contains("Authorizer") || name.starts_with("IssueToken");
    let answers_calls = |name: &String| !BACKGROUND.iter().any(|function| name.starts_with(function));
    let expected: BTreeSet<_> = [
        named("AWS::Serverless::Api", "Api", Kind::ServerErrors),
        named("AWS::Serverless::Api", "Api", Kind::HourlyServerErrors),
        named(FUNCTION, "Function", Kind::Failures),
        named(FUNCTION, "Function", Kind::HourlyFailures).into_iter().filter(rare).collect(),
        named(FUNCTION, "Function", Kind::Slow).into_iter().filter(answers_calls).collect(),
        named("AWS::DynamoDB::Table", "", Kind::Throttles),
        OF_THE_STACK.map(|kind| format!("{kind:?}Alarm")).to_vec(),
    ]
    .concat()
    .into_iter()
    .collect();
    assert_eq!(alarms().into_iter().map(|alarm| alarm.id).collect::<BTreeSet<_>>(), expected);
    for kind in KINDS {
        let resource = if OF_THE_STACK.contains(&kind) { "" } else { "…" };
        let heading = format!("## {resource}{kind:?}Alarm\n");
        assert!(include_str!("../../docs/runbook.md").contains(&heading), "{heading}");
    }
}

#[test]
fn each_alarm_watches_the_resource_that_it_is_named_after() {
    let stack = stack();
    for alarm in alarms() {
        let kind = alarm.kind();
        let watched = alarm.id.strip_suffix(&format!("{kind:?}Alarm")).unwrap();
        let dimensions = match kind {
            Kind::ServerErrors | Kind::HourlyServerErrors => {
                let api =
                    stack.resources("AWS::Serverless::Api").find(|api| api.id == format!("{watched}Api"));
                let api = properties(api.unwrap());
                vec![("ApiName", api["Name"].clone()), ("Stage", api["StageName"].clone())]
            }
            Kind::Failures | Kind::HourlyFailures | Kind::Slow => {
                vec![("FunctionName", format!("{watched}Function").into())]
            }
            Kind::Throttles => vec![("TableName", watched.into())],
            Kind::DeliveryLag => vec![("function", "dispatch-events".into())],
            Kind::EndpointDisabled => vec![("function", "deliver-events".into())],
            Kind::SignalsLost => vec![("function", "notify-users".into())],
        };
        let dimensions: Vec<_> =
            dimensions.into_iter().map(|(name, value)| Dimension { name: name.to_owned(), value }).collect();
        for (id, stat) in alarm.stats() {
            assert_eq!(stat.metric.dimensions, dimensions, "{}: {id}", alarm.id);
        }
    }
}

#[test]
fn the_price_in_the_documents_is_that_of_the_alarms_in_the_template() {
    let prices: Value = serde_json::from_str(include_str!("../../bench/prices.json")).unwrap();
    let alarms = alarms();
    let metrics: u32 = alarms.iter().map(|alarm| u32::try_from(alarm.stats().count()).unwrap()).sum();
    let price = f64::from(metrics) * prices["cloudwatch_alarm_metric_month"].as_f64().unwrap();
    assert_eq!(format!("{} alarms watch {metrics} metrics: ${price:.2} a month", alarms.len()), BILL);
    assert!(include_str!("../../docs/scaling.md").contains(BILL), "docs/scaling.md: {BILL}");
}

#[test]
fn the_outputs_warn_of_alarms_without_a_topic() {
    // Conditions and outputs are not among what `local` reads of the template.
    for line in [
        "  AlarmsNotifyNobody: !And [!Condition HasAlarms, !Not [!Condition HasAlarmTopic]]\n",
        "  AlarmsWarning:\n    Condition: AlarmsNotifyNobody\n",
    ] {
        assert!(TEMPLATE.contains(line), "{line}");
    }
}
