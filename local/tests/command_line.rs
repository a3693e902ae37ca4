//! The command line of `local`.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, ChildStdout, Command, Output, Stdio},
};

/// A running `local`. Dropping it ends the process.
struct Local {
    process: Child,
    output: BufReader<ChildStdout>,
    /// The output until the system is ready.
    welcome: String,
    url: String,
}

impl Local {
    fn start(arguments: &[&str]) -> Self {
        let mut process = command(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut welcome = String::new();
        output.read_line(&mut welcome).unwrap();
        let url = welcome.split([' ', ',']).find(|word| word.starts_with("http://")).unwrap().to_owned();
        let last = if arguments.contains(&"--no-demo") { "listen" } else { "message/pending" };
        while !welcome.contains(last) || !welcome.ends_with("\n\n") {
            assert_ne!(output.read_line(&mut welcome).unwrap(), 0, "{welcome}");
        }
        Self { process, output, welcome, url }
    }

    /// The printed `curl` commands.
    fn curls(&self) -> Vec<String> {
        let mut commands = Vec::new();
        let mut lines = self.welcome.lines().map(str::trim);
        while let Some(line) = lines.next() {
            if line.starts_with("curl ") {
                let mut command = line.to_owned();
                while command.ends_with('\\') {
                    command.pop();
                    command.push_str(lines.next().unwrap());
                }
                commands.push(command);
            }
        }
        commands
    }

    fn interrupt(mut self) -> (Option<i32>, String) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        (self.process.wait().unwrap().code(), rest)
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command.args(["--port", "0", "--dynamodb-port", "0"].iter().filter(|_| !arguments.contains(&"--port")));
    command.args(arguments);
    command
}

fn paste(curl: &str) -> String {
    let output = Command::new("sh").arg("-c").arg(format!("{curl} --silent")).output().unwrap();
    assert!(output.status.success(), "{curl}");
    String::from_utf8(output.stdout).unwrap()
}

const CHAT_LOG: &str = r#"{"status":0,"message":"ok","total":"2","list":[{"Question":"我是问题1","Reply":"我是答案1","DateTime":"2020-05-12 08:30:00","ReplyMode":""},{"Question":"我是问题2","Reply":"我是答案2","DateTime":"2020-05-12 08:50:00","ReplyMode":""}]}"#;

#[test]
fn every_printed_command_works_when_pasted() {
    let local = Local::start(&[]);
    let answers: Vec<_> = local.curls().iter().map(|curl| paste(curl)).collect();
    let (token, answers) = answers.split_first().unwrap();
    assert!(token.starts_with(r#"{"access_token":"cn-"#), "{token}");
    let granted = r#","token_type":"bearer","expires_in":359420,"scope":"message-push-service thirdparty-customer-service"}"#;
    assert!(token.ends_with(granted), "{token}");
    let [answers @ .., said, feed, pushed, status, pending] = answers else { panic!("{answers:?}") };
    assert_eq!(said, r#"{"code":200,"message":"success","data":{"seq":1,"state":"robot","agent":""}}"#);
    let read = r#"{"status":0,"message":"ok","total":"1","list":[{"openId":"dc71a6ba-24b6-4ed9-b865-837f2a7e158f","seq":1,"messageId":"m-1","clientId":"ASDJQFJQEFQEGNQEG","#;
    assert!(feed.starts_with(read), "{feed}");
    assert_eq!(pushed, r#"{"code":200,"message":"success"}"#);
    assert!(
        status.starts_with(r#"{"code":200,"message":"success","data":{"total":2,"pending":2,"#),
        "{status}"
    );
    let waiting = r#"{"code":200,"message":"success","data":{"messages":[{"messageId":"EQFEQ234TFQRFV54GHTE4HG4","appId":"demo","#;
    assert!(pending.starts_with(waiting), "{pending}");
    assert_eq!(
        answers,
        [
            r#"{"status":0,"message":"ok"}"#,
            CHAT_LOG,
            r#"{"status":0,"message":"ok","total":"1","chatUser":{"clientId":"ASDJQFJQEFQEGNQEG","hostIp":"10.1.123.6","broswer":"Crome","sysInfo":"","address":"北京","city":"海淀","lastLoginTime":"2020-05-12 08:30:00"},"channelConfig":{"name":"广旺财"}}"#,
        ]
    );
    let (code, lines) = local.interrupt();
    assert_eq!(code, Some(0), "Ctrl-C ends it cleanly");
    let lines: Vec<_> = lines.lines().filter(|line| line.contains(" 200 ")).collect();
    assert_eq!(lines.len(), 9, "a line for each request: {lines:?}");
    assert!(lines[2].contains("200 GET /chatbot/servlet/third/msg/chatlog/get in "), "{lines:?}");
    assert!(lines.iter().all(|line| !line.contains("dc71a6ba") && !line.contains("cn-")), "{lines:?}");
}

#[test]
fn an_unfinished_request_does_not_delay_the_end() {
    let local = Local::start(&[]);
    let mut client = TcpStream::connect(local.url.trim_start_matches("http://")).unwrap();
    client.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf").unwrap();
    // The answer to a second request proves that the first one was accepted.
    paste(&local.curls()[2]);
    assert_eq!(local.interrupt().0, Some(0));
}

#[test]
fn without_the_demo_there_is_no_data() {
    let local = Local::start(&["--no-demo"]);
    let curl = format!(
        "curl '{}/chatbot/servlet/user/info/get?clientId=ASDJQFJQEFQEGNQEG' \
         -H 'Authorization: Bearer cn-11111111-1111-4111-8111-111111111111'",
        local.url
    );
    assert_eq!(paste(&curl), r#"{"status":-1,"errcode":40014,"message":"token is wrong"}"#);
}

#[test]
fn data_is_kept_in_a_file_and_the_demo_is_seeded_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data.db");
    let file = Path::to_str(&file).unwrap();
    for arguments in [&["--data", file][..], &["--data", file], &["--data", file, "--no-demo"]] {
        let local = Local::start(arguments);
        let curl = format!(
            "curl '{}/chatbot/servlet/third/msg/chatlog/get?openId=dc71a6ba-24b6-4ed9-b865-837f2a7e158f' \
             -H 'Authorization: Bearer cn-11111111-1111-4111-8111-111111111111'",
            local.url
        );
        assert_eq!(paste(&curl), CHAT_LOG);
        assert_eq!(local.interrupt().0, Some(0));
    }
}

#[test]
fn a_busy_port_is_a_one_line_error_with_advice() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (arguments, option) in [
        (["--port", &port, "--dynamodb-port", "0"], "--port"),
        (["--port", "0", "--dynamodb-port", &port], "--dynamodb-port"),
    ] {
        let Output { status, stdout, stderr } = command(&arguments).output().unwrap();
        let error = String::from_utf8(stderr).unwrap();
        assert_eq!((status.code(), stdout.len()), (Some(1), 0));
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(error.starts_with(&format!("local: cannot listen on port {port}: ")), "{error}");
        assert!(error.trim_end().ends_with(&format!("choose another with {option}")), "{error}");
    }
}

// On other systems 127.0.0.1 is the only address of the loopback interface.
#[cfg(target_os = "linux")]
#[test]
fn both_servers_listen_on_the_address_of_bind_only() {
    let local = Local::start(&["--bind", "127.0.0.2"]);
    let dynamodb = local.welcome.lines().next().unwrap().split("DynamoDB on http://").nth(1).unwrap();
    let dynamodb = dynamodb.split(". ").next().unwrap();
    for address in [local.url.trim_start_matches("http://"), dynamodb] {
        let port = address.strip_prefix("127.0.0.2:").unwrap();
        TcpStream::connect(address).unwrap();
        assert!(TcpStream::connect(format!("127.0.0.1:{port}")).is_err(), "{address}");
    }
    // The printed commands use the same address.
    assert_eq!(paste(&local.curls()[2]), CHAT_LOG);
}

#[test]
fn an_unusable_address_is_a_one_line_error_with_advice() {
    // RFC 5737 reserves this network for documentation: no machine has an address in it.
    let foreign = command(&["--bind", "203.0.113.1"]).output().unwrap();
    let error = String::from_utf8(foreign.stderr).unwrap();
    assert_eq!((foreign.status.code(), foreign.stdout.len()), (Some(1), 0));
    assert!(error.starts_with("local: cannot listen on 203.0.113.1: "), "{error}");
    assert!(error.ends_with("; choose an address of this machine with --bind\n"), "{error}");

    let malformed = command(&["--bind", "127.0.0"]).output().unwrap();
    let error = String::from_utf8(malformed.stderr).unwrap();
    assert_eq!((malformed.status.code(), malformed.stdout.len()), (Some(2), 0));
    assert!(error.contains("'127.0.0' for '--bind <ADDRESS>': invalid IP address syntax"), "{error}");
}
