//! An operator who uses `chatbotctl`.

use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tests::{CUSTOMER_SERVICE, MESSAGE_PUSH, OAuthClient, System, demo::USER, push_request};

/// An operator at the tables of a system: the options of each command, the names of the tables first.
pub struct Operator(Vec<String>);

impl Operator {
    pub fn of(system: &System) -> Self {
        let tables = ["--table", &system.access_table, "--webhooks-table", &system.webhooks_table];
        let mut arguments: Vec<_> = tables.map(str::to_owned).into();
        // A deployed stack is found as AWS is: by the environment.
        arguments
            .extend(system.dynamodb_url.iter().flat_map(|url| ["--endpoint-url".to_owned(), url.clone()]));
        Self(arguments)
    }

    /// An operator behind the proxy of `system`; `None` on a deployed stack, which has no proxy.
    pub fn through_faults(system: &System) -> Option<Self> {
        let is_here = system.dynamodb_url.is_some();
        is_here.then(|| Self::at_endpoint(&system.proxy.url()))
    }

    /// An operator at another DynamoDB.
    pub fn at_endpoint(url: &str) -> Self {
        Self(["--endpoint-url", url].map(str::to_owned).into())
    }

    /// The same operator with another table of applications and tokens.
    pub fn at_table(&self, name: &str) -> Self {
        self.with(1, name)
    }

    /// The same operator with another table of webhooks.
    pub fn at_webhooks_table(&self, name: &str) -> Self {
        self.with(3, name)
    }

    fn with(&self, place: usize, name: &str) -> Self {
        let mut arguments = self.0.clone();
        name.clone_into(&mut arguments[place]);
        Self(arguments)
    }

    pub async fn run(&self, line: &str) -> Output {
        self.run_with(line, "").await
    }

    pub async fn run_with(&self, line: &str, input: &str) -> Output {
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

    /// The output for people of a command that must succeed.
    pub async fn text(&self, line: &str) -> String {
        let output = self.run(line).await;
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The JSON output of a command that must succeed.
    pub async fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.text(&format!("{line} --json")).await).unwrap()
    }

    /// The error message of a command that must fail.
    pub async fn error(&self, line: &str) -> String {
        let output = self.run(line).await;
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{line}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        text.trim_end().strip_prefix("chatbotctl: ").unwrap().to_owned()
    }

    /// Creates an application for source 1 that is approved for both scopes; returns its client.
    pub async fn approved(&self, system: &System) -> OAuthClient {
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

pub fn push() -> Value {
    push_request("u", "您好", "m", 1)
}

pub async fn opens(system: &System, token: &str) -> bool {
    let reply = system.partner(token).user_info(&[("clientId", USER)]).await;
    if reply.status != 200 {
        reply.is_error(401, 40014, "token is wrong");
    }
    reply.status == 200
}
