//! `chatbotctl` as operators use it, and what partners get of it: on the system in this process, or on a deployed stack.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

use std::{
    io::Write,
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value, json};
use tests::{CUSTOMER_SERVICE, Fault, MESSAGE_PUSH, OAuthClient, System, demo::USER, push_request};

/// An operator at the table of a system.
struct Operator(Vec<String>);

impl Operator {
    fn of(system: &System) -> Self {
        let mut arguments = vec!["--table".to_owned(), system.access_table.clone()];
        // A deployed stack is found as AWS is: by the environment.
        arguments
            .extend(system.dynamodb_url.iter().flat_map(|url| ["--endpoint-url".to_owned(), url.clone()]));
        Self(arguments)
    }

    async fn run(&self, line: &str) -> Output {
        self.run_with(line, "").await
    }

    async fn run_with(&self, line: &str, input: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chatbotctl"));
        command.args(line.split(' ')).args(&self.0).env("USER", "olga");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let input = input.to_owned();
        // The system runs in this process: it is not to be kept waiting.
        let finished = tokio::task::spawn_blocking(move || {
            let mut process = command.spawn().unwrap();
            process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
            process.wait_with_output().unwrap()
        });
        finished.await.unwrap()
    }

    /// What a command that succeeds prints for people.
    async fn text(&self, line: &str) -> String {
        let output = self.run(line).await;
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// What a command that succeeds prints for programs.
    async fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.text(&format!("{line} --json")).await).unwrap()
    }

    /// What a command that fails says.
    async fn error(&self, line: &str) -> String {
        let output = self.run(line).await;
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{line}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        text.trim_end().strip_prefix("chatbotctl: ").unwrap().to_owned()
    }

    /// Creates an application for source 1 that is approved for both scopes; returns its client.
    async fn approved(&self, system: &System) -> OAuthClient {
        let created = self.json("app create An-app --source 1").await;
        let text = |name: &str| created[name].as_str().unwrap().to_owned();
        let (id, secret) = (text("clientId"), text("clientSecret"));
        for scope in [CUSTOMER_SERVICE, MESSAGE_PUSH] {
            self.text(&format!("app request-scope {id} {scope}")).await;
            self.text(&format!("app approve {id} {scope}")).await;
        }
        OAuthClient::new(&system.anonymous, &id, &secret)
    }
}

fn push() -> Value {
    push_request("u", "您好", "m", 1)
}

async fn opens(system: &System, token: &str) -> bool {
    let reply = system.partner(token).user_info(&[("clientId", USER)]).await;
    if reply.status != 200 {
        reply.is_error(401, 40014, "token is wrong");
    }
    reply.status == 200
}

#[tokio::test]
async fn from_an_application_that_is_created_to_a_call_that_is_answered() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let created = operator.text("app create Acme-Support --source 1").await;
    let value = |name: &str| {
        let line = created.lines().find(|line| line.starts_with(name)).unwrap();
        line.strip_prefix(name).unwrap().trim().to_owned()
    };
    let (id, secret) = (value("client id"), value("client secret"));
    assert!(id.starts_with("app-") && id.len() == 16, "{id}");
    assert!(secret.starts_with("cs-") && secret.len() == 67, "two random UUIDs");
    assert!(created.contains("shown this once"), "{created}");
    assert!(created.contains(&format!("`chatbotctl app request-scope {id} SCOPE`")), "{created}");

    let client = OAuthClient::new(&system.anonymous, &id, &secret);
    let nothing_approved = "a scope is not approved for the application";
    client.ask().await.is_oauth_error(400, "invalid_scope", nothing_approved);
    operator.text(&format!("app request-scope {id} {CUSTOMER_SERVICE}")).await;
    client.ask().await.is_oauth_error(400, "invalid_scope", nothing_approved);
    operator.text(&format!("app approve {id} {CUSTOMER_SERVICE}")).await;
    let token = client.token().await;
    assert!(opens(&system, &token).await);
    let partner = system.partner(&token);
    partner.try_push(push()).await.is_code(400, "check access_token error");

    operator.text(&format!("app request-scope {id} {MESSAGE_PUSH}")).await;
    operator.text(&format!("app approve {id} {MESSAGE_PUSH}")).await;
    partner.try_push(push()).await.is_code(400, "check access_token error");
    let token = client.ask_for(MESSAGE_PUSH).await.json()["access_token"].as_str().unwrap().to_owned();
    system.partner(&token).try_push(push()).await.is_code(200, "success");
}

#[tokio::test]
async fn a_disabled_application_has_no_token_and_gets_none() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let client = operator.approved(&system).await;
    let id = &client.id;
    let (one, two) = (client.token().await, client.token().await);
    assert!(opens(&system, &one).await && opens(&system, &two).await);
    assert_eq!(
        operator.error(&format!("app disable {id}")).await,
        format!(
            "{id} (An-app) gets no more tokens, and those it has end. Say --yes to do it without being asked; nothing was changed"
        )
    );
    assert!(opens(&system, &one).await);
    let disabled = operator.json(&format!("app disable {id} --yes")).await;
    assert_eq!(disabled, json!({"appId": id, "changed": true, "endedTokens": 2}));
    assert!(!opens(&system, &one).await && !opens(&system, &two).await);
    client.ask().await.is_oauth_error(400, "unauthorized_client", "the application is disabled");
    let again = operator.json(&format!("app disable {id} --yes")).await;
    assert_eq!(again, json!({"appId": id, "changed": false, "endedTokens": 0}));

    assert!(operator.text(&format!("app enable {id}")).await.contains("is enabled; its client has to take"));
    assert!(operator.text(&format!("app enable {id}")).await.contains("is enabled already"));
    assert!(!opens(&system, &one).await, "what was ended stays so");
    assert!(opens(&system, &client.token().await).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_survives_that_is_taken_while_its_application_is_disabled() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let client = operator.approved(&system).await;
    let line = format!("app disable {} --yes", client.id);
    let before = client.token().await;
    let asking = async {
        let mut taken = vec![before];
        for _ in 0..25 {
            let reply = client.ask().await;
            taken.extend(reply.json()["access_token"].as_str().map(str::to_owned));
        }
        taken
    };
    let (taken, _) = tokio::join!(asking, operator.text(&line));
    client.ask().await.is_oauth_error(400, "unauthorized_client", "the application is disabled");
    for token in taken {
        assert!(!opens(&system, &token).await);
    }
    assert_eq!(operator.json(&format!("token list {}", client.id)).await, json!([]));
}

#[tokio::test]
async fn what_a_command_that_was_stopped_half_way_left_the_same_command_ends() {
    let system = System::start().await;
    // Only the system in this process can be broken.
    if system.dynamodb_url.is_none() {
        return;
    }
    let operator = Operator::of(&system);
    let client = operator.approved(&system).await;
    let tokens = [client.token().await, client.token().await];
    let through_faults = Operator(vec!["--endpoint-url".to_owned(), system.proxy.url()]);
    // It is found, asked about, changed, and its tokens are found: the next request deletes them.
    system.proxy.fail(|_, operation| {
        static TRANSACTIONS: AtomicUsize = AtomicUsize::new(0);
        (operation == "TransactWriteItems" && TRANSACTIONS.fetch_add(1, Ordering::SeqCst) >= 1)
            .then_some(Fault::InternalError)
    });
    let line = format!("app disable {} --yes", client.id);
    let error = through_faults.error(&line).await;
    assert!(
        error.starts_with("the application is changed, but its tokens could not all be ended"),
        "{error}"
    );
    assert!(error.ends_with("run the same command again"), "{error}");
    system.proxy.recover();
    assert!(opens(&system, &tokens[0]).await, "they are left");
    let again = through_faults.json(&line).await;
    assert_eq!(again, json!({"appId": client.id, "changed": false, "endedTokens": 2}));
    assert!(!opens(&system, &tokens[0]).await && !opens(&system, &tokens[1]).await);
    let history = operator.json(&format!("app history {}", client.id)).await;
    assert_eq!(history.as_array().unwrap().last().unwrap()["what"], "ended 2 tokens that were left");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_operators_who_replace_a_secret_at_once_each_has_one_that_works_or_is_told() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let client = operator.approved(&system).await;
    let line = format!("app rotate-secret {} --yes --json", client.id);
    let outputs = [operator.run(&line), operator.run(&line), operator.run(&line)];
    let [one, two, three] = outputs;
    let (one, two, three) = tokio::join!(one, two, three);
    let mut shown = Vec::new();
    for output in [one, two, three] {
        if output.status.success() {
            let credentials: Value = serde_json::from_slice(&output.stdout).unwrap();
            shown.push(credentials["clientSecret"].as_str().unwrap().to_owned());
        } else {
            let error = String::from_utf8(output.stderr).unwrap();
            assert!(error.contains("somebody else has changed the application"), "{error}");
        }
    }
    let history = operator.json(&format!("app history {}", client.id)).await;
    let rotations = history
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["what"].as_str().unwrap().starts_with("replaced"));
    assert_eq!(rotations.count(), shown.len(), "what was shown was done, and nothing else");
    let mut working = 0;
    for secret in &shown {
        working +=
            usize::from(OAuthClient::new(&system.anonymous, &client.id, secret).ask().await.status == 200);
    }
    assert!(working >= 1);
}

/// An operator behind a DynamoDB that fails on demand; none on a deployed stack, which cannot be broken.
fn through_faults(system: &System) -> Option<Operator> {
    let is_here = system.dynamodb_url.is_some();
    is_here.then(|| Operator(vec!["--endpoint-url".to_owned(), system.proxy.url()]))
}

/// Each transaction meets the fault at its place in `faults`; all that follow meet the last one.
fn fail_transactions(system: &System, faults: &'static [Option<Fault>]) {
    let transactions = AtomicUsize::new(0);
    system.proxy.fail(move |_, operation| {
        (operation == "TransactWriteItems").then(|| {
            let number = transactions.fetch_add(1, Ordering::SeqCst);
            *faults.get(number).or(faults.last()).unwrap()
        })?
    });
}

async fn replacements(operator: &Operator, id: &str) -> usize {
    let history = operator.json(&format!("app history {id}")).await;
    let entries = history.as_array().unwrap().iter();
    entries.filter(|entry| entry["what"].as_str().unwrap().starts_with("replaced the secret")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_was_stored_is_shown_whichever_answers_were_lost() {
    use Fault::{Cut, InternalError, ReplyLost};
    let system = System::start().await;
    let Some(through_faults) = through_faults(&system) else { return };
    let operator = Operator::of(&system);
    let cases: [&[Option<Fault>]; 6] = [
        &[Some(ReplyLost)],
        &[Some(Cut), Some(ReplyLost)],
        &[Some(ReplyLost), Some(Cut)],
        &[Some(ReplyLost), Some(InternalError)],
        &[Some(Cut), Some(Cut), Some(ReplyLost), Some(Cut)],
        &[Some(Cut), Some(Cut), None],
    ];
    for faults in cases {
        let old = operator.approved(&system).await;
        fail_transactions(&system, faults);
        let rotated = through_faults.json(&format!("app rotate-secret {} --yes", old.id)).await;
        system.proxy.recover();
        let new = OAuthClient::new(&system.anonymous, &old.id, rotated["clientSecret"].as_str().unwrap());
        assert!(opens(&system, &new.token().await).await, "{faults:?}");
        assert!(opens(&system, &old.token().await).await, "in its grace period");
        let shown = operator.json(&format!("app show {}", old.id)).await;
        assert_eq!(shown["previousSecretUntil"], rotated["oldSecretUntil"], "{faults:?}");
        assert_eq!(replacements(&operator, &old.id).await, 1, "{faults:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_was_not_replaced_still_works_and_the_command_says_so() {
    let system = System::start().await;
    let Some(through_faults) = through_faults(&system) else { return };
    let operator = Operator::of(&system);
    let old = operator.approved(&system).await;
    let cases: [(&[Option<Fault>], &str); 3] = [
        (&[Some(Fault::Cut)], "unreachable"),
        (&[Some(Fault::InternalError)], "refused with InternalServerError"),
        (&[Some(Fault::Cut), Some(Fault::InternalError)], "refused with InternalServerError"),
    ];
    for (faults, cause) in cases {
        fail_transactions(&system, faults);
        let error =
            through_faults.error(&format!("app rotate-secret {} --grace-hours 0 --yes", old.id)).await;
        system.proxy.recover();
        let expected =
            format!("the secret was not replaced (TransactWriteItems: {cause}): the old one still works.");
        assert!(error.starts_with(&expected), "{error}");
        assert!(opens(&system, &old.token().await).await);
        assert_eq!(replacements(&operator, &old.id).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_of_which_nothing_says_whether_it_was_stored_is_shown_with_a_warning() {
    let system = System::start().await;
    let Some(through_faults) = through_faults(&system) else { return };
    let operator = Operator::of(&system);
    for (first, is_stored) in [(Fault::ReplyLost, true), (Fault::Cut, false)] {
        let old = operator.approved(&system).await;
        // The application is found, and after the transaction nothing answers.
        system.proxy.fail(move |number, _| match number {
            0 => None,
            1 => Some(first),
            _ => Some(Fault::Cut),
        });
        let output = through_faults.run(&format!("app rotate-secret {} --yes --json", old.id)).await;
        system.proxy.recover();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(
            error.starts_with("chatbotctl: DynamoDB does not say whether the secret was replaced"),
            "{error}"
        );
        let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
        let new = OAuthClient::new(&system.anonymous, &old.id, shown["clientSecret"].as_str().unwrap());
        assert_eq!(new.ask().await.status == 200, is_stored, "{first:?}");
        assert!(opens(&system, &old.token().await).await);
        assert_eq!(replacements(&operator, &old.id).await, usize::from(is_stored), "as the warning says");
    }
}

#[tokio::test]
async fn a_scope_that_is_taken_away_takes_its_tokens_with_it() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let client = operator.approved(&system).await;
    let id = &client.id;
    let both = client.token().await;
    let push_token = client.ask_for(MESSAGE_PUSH).await.json()["access_token"].as_str().unwrap().to_owned();
    let rejected = operator.text(&format!("app reject {id} {CUSTOMER_SERVICE} -y")).await;
    assert_eq!(rejected.trim_end(), format!("{CUSTOMER_SERVICE} is rejected for {id}. 1 token was ended."));
    assert!(!opens(&system, &both).await);
    system.partner(&push_token).try_push(push()).await.is_code(200, "success");
    client.ask_for(CUSTOMER_SERVICE).await.is_oauth_error(
        400,
        "invalid_scope",
        "a scope is not approved for the application",
    );
    assert_eq!(
        operator.error(&format!("app approve {id} {CUSTOMER_SERVICE}")).await,
        format!(
            "the scope was rejected; the application has to ask for it again: `chatbotctl app request-scope {id} {CUSTOMER_SERVICE}`"
        )
    );
}

#[tokio::test]
async fn an_old_secret_works_for_the_grace_period_that_is_shown() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let old = operator.approved(&system).await;
    let id = old.id.clone();
    let rotated = operator.json(&format!("app rotate-secret {id} --yes")).await;
    let new = OAuthClient::new(&system.anonymous, &id, rotated["clientSecret"].as_str().unwrap());
    assert!(opens(&system, &old.token().await).await && opens(&system, &new.token().await).await);
    let shown = operator.json(&format!("app show {id}")).await;
    assert_eq!(shown["previousSecretUntil"], rotated["oldSecretUntil"]);
    assert!(shown["previousSecretUntil"].as_str().unwrap().ends_with('Z'));

    let asked = operator.error(&format!("app rotate-secret {id} --grace-hours 0")).await;
    assert!(asked.contains("ends at once. The one before it, which still works, ends at once."), "{asked}");
    let leaked = operator.json(&format!("app rotate-secret {id} --grace-hours 0 --yes")).await;
    for gone in [&old, &new] {
        gone.ask().await.is_oauth_error(401, "invalid_client", "client authentication failed");
    }
    let newest = OAuthClient::new(&system.anonymous, &id, leaked["clientSecret"].as_str().unwrap());
    assert!(opens(&system, &newest.token().await).await);
}

#[tokio::test]
async fn a_token_is_listed_and_revoked_by_its_hash_or_by_itself() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let client = operator.approved(&system).await;
    let (one, two) = (client.token().await, client.ask_for(MESSAGE_PUSH).await);
    let two = two.json()["access_token"].as_str().unwrap().to_owned();
    let listed = operator.json(&format!("token list {}", client.id)).await;
    let tokens = listed.as_array().unwrap();
    assert_eq!(tokens.len(), 2);
    let of_push = tokens.iter().find(|token| token["scopes"] == json!([MESSAGE_PUSH])).unwrap();
    assert_eq!(of_push["sha256"], model::sha256_hex(&two));
    assert!(!listed.to_string().contains("cn-"), "a token itself is shown to nobody");

    operator.text(&format!("token revoke {} --yes", of_push["sha256"].as_str().unwrap())).await;
    system.partner(&two).try_push(push()).await.is_code(400, "check access_token error");
    assert!(opens(&system, &one).await);
    assert!(operator.run_with("token revoke - --yes", &format!("{one}\n")).await.status.success());
    assert!(!opens(&system, &one).await);
    let again = operator.error(&format!("token revoke {} --yes", model::sha256_hex(&one))).await;
    assert!(again.starts_with("there is no such token, or it has expired"), "{again}");
    assert_eq!(operator.json(&format!("token list {}", client.id)).await, json!([]));
}

#[tokio::test]
async fn every_change_stands_in_the_history_with_who_and_when() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let client = operator.approved(&system).await;
    let id = &client.id;
    let token = client.token().await;
    for line in [
        format!("token revoke {} --yes", model::sha256_hex(&token)),
        format!("app rotate-secret {id} --grace-hours 0 --yes"),
        format!("app reject {id} {MESSAGE_PUSH} --yes"),
        format!("app disable {id} --yes"),
        format!("app disable {id} --yes"),
        format!("app enable {id}"),
        format!("app enable {id}"),
    ] {
        operator.text(&line).await;
    }
    let history = operator.json(&format!("app history {id}")).await;
    let entries = history.as_array().unwrap();
    let what: Vec<_> = entries.iter().map(|entry| entry["what"].as_str().unwrap()).collect();
    let rotated = what[6].to_owned();
    assert_eq!(rotated, "replaced the secret; the old one ends at once");
    assert_eq!(
        what,
        [
            "created An-app",
            &format!("requested {CUSTOMER_SERVICE}"),
            &format!("approved {CUSTOMER_SERVICE}"),
            &format!("requested {MESSAGE_PUSH}"),
            &format!("approved {MESSAGE_PUSH}"),
            &format!("revoked the token {}", model::sha256_hex(&token)),
            &rotated,
            &format!("rejected {MESSAGE_PUSH}"),
            "disabled",
            "enabled",
        ]
    );
    let who = if system.dynamodb_url.is_some() { "local:olga" } else { "arn:" };
    assert!(entries.iter().all(|entry| entry["who"].as_str().unwrap().starts_with(who)), "{history}");
    let whens: Vec<_> = entries.iter().map(|entry| entry["at"].as_str().unwrap()).collect();
    assert!(whens.is_sorted() && whens.iter().all(|when| when.ends_with('Z')));
}

#[tokio::test]
async fn applications_are_shown_in_tables_without_any_secret() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let client = operator.approved(&system).await;
    operator.text(&format!("app reject {} {MESSAGE_PUSH} --yes", client.id)).await;
    let list = operator.text("app list").await;
    let show = operator.text(&format!("app show {}", client.id)).await;
    for text in [&list, &show] {
        for shown in [
            &client.id,
            "An-app",
            "enabled",
            "thirdparty-customer-service (approved)",
            "message-push-service (rejected)",
        ] {
            assert!(text.contains(shown), "{text}");
        }
        assert!(!text.contains("cs-") && !text.contains(&model::sha256_hex(&client.secret)), "{text}");
    }
    assert!(list.contains("demo"), "{list}");
    let json = operator.json(&format!("app show {}", client.id)).await;
    assert_eq!(
        json,
        json!({
            "appId": client.id, "name": "An-app", "status": "enabled", "sources": [1],
            "scopes": {CUSTOMER_SERVICE: "approved", MESSAGE_PUSH: "rejected"}, "createdAt": json["createdAt"],
        })
    );
    assert_eq!(operator.json("app list").await.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_error_says_what_to_do() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    for line in [
        "app show nobody",
        "app history nobody",
        "token list nobody",
        "app disable nobody --yes",
        "app enable nobody",
    ] {
        let error = operator.error(line).await;
        assert_eq!(error, "there is no application nobody; `chatbotctl app list` shows them all");
    }
    let client = operator.json("app create x --source 1").await;
    let id = client["clientId"].as_str().unwrap();
    for verb in ["approve", "reject"] {
        let error = operator.error(&format!("app {verb} {id} {MESSAGE_PUSH}")).await;
        assert!(error.starts_with("the application has not asked for this scope"), "{error}");
    }
    assert!(operator.error("token revoke xyz").await.starts_with("that is neither the SHA-256 of a token"));
    let unknown = operator.error(&format!("token revoke {}", "0".repeat(64))).await;
    assert!(unknown.starts_with("there is no such token"), "{unknown}");
    let elsewhere = Operator(
        vec!["--table=Elsewhere".to_owned()].into_iter().chain(operator.0.iter().skip(2).cloned()).collect(),
    );
    let no_table = elsewhere.error("app list").await;
    assert!(no_table.starts_with("there is no table Elsewhere here; name it with --table"), "{no_table}");
}

#[tokio::test]
async fn where_there_is_no_aws_it_says_how_to_get_there() {
    let run = |variables: &[(&str, &str)], line: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chatbotctl"));
        command
            .args(line.split(' '))
            .env_clear()
            .envs([("AWS_EC2_METADATA_DISABLED", "true"), ("HOME", "/nonexistent")]);
        let output = command.envs(variables.iter().copied()).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(run(&[], "app list").starts_with("chatbotctl: no region; set AWS_REGION"));
    assert!(
        run(&[("AWS_REGION", "eu-west-1")], "app list")
            .starts_with("chatbotctl: AWS does not know these credentials")
    );
    let down = run(&[], "app list --endpoint-url http://127.0.0.1:1");
    assert!(down.starts_with("chatbotctl: DynamoDB does not answer"), "{down}");
}

#[tokio::test]
async fn shells_get_their_completions() {
    for (shell, marker) in
        [("bash", "_chatbotctl()"), ("zsh", "#compdef chatbotctl"), ("fish", "complete -c chatbotctl")]
    {
        let output =
            Command::new(env!("CARGO_BIN_EXE_chatbotctl")).args(["completions", shell]).output().unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success() && script.contains(marker) && script.contains("rotate-secret"),
            "{shell}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_who_work_at_the_same_time_lose_nothing() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let id = operator.json("app create x --source 1").await["clientId"].as_str().unwrap().to_owned();
    let (one, two) = (
        format!("app request-scope {id} {CUSTOMER_SERVICE}"),
        format!("app request-scope {id} {MESSAGE_PUSH}"),
    );
    tokio::join!(operator.text(&one), operator.text(&two), operator.text(&one), operator.text(&two));
    let shown = operator.json(&format!("app show {id}")).await;
    assert_eq!(shown["scopes"], json!({CUSTOMER_SERVICE: "requested", MESSAGE_PUSH: "requested"}));
    assert_eq!(operator.json(&format!("app history {id}")).await.as_array().unwrap().len(), 3);
}
