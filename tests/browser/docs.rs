//! The reference at `/docs`: a reader selects an endpoint, sends a request with the demo token and sees the answer.

use serde_json::{Value, json};
use tests::{REFERENCE, System};

use crate::Browser;

/// Whether the page is no wider than the window.
const FITS: &str = "document.documentElement.scrollWidth <= document.documentElement.clientWidth";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: make browser"]
async fn each_endpoint_can_be_tried_with_its_example() {
    let system = System::start().await;
    let browser = Browser::open(&format!("{}/docs", system.anonymous.urls().platform), 1280, 1000).await;
    let blocks = "document.querySelectorAll('.opblock').length";
    browser.wait_for(blocks, json!(REFERENCE.operations.len() + REFERENCE.webhooks.len())).await;
    browser.screenshot("docs").await;
    for operation in &REFERENCE.operations {
        let block = format!(".opblock[id$='-{}']", operation.id);
        browser.click(&format!("{block} .opblock-summary-control")).await;
        let answer = execute(&browser, &block).await;
        let body = browser.run(&format!("return {answer}.querySelector('pre code').textContent")).await;
        let body: Value = serde_json::from_str(body.as_str().unwrap()).unwrap();
        let shown = operation.answers[&200].examples.values().any(|example| names(example) == names(&body));
        assert!(shown, "{}: {body}", operation.id);
        if operation.id == "pushMessage" {
            browser.run(&format!("document.querySelector(\"{block}\").scrollIntoView()")).await;
            browser.screenshot("docs-answer").await;
        }
        browser.click(&format!("{block} .opblock-summary-control")).await;
    }
    assert_eq!(browser.console().await, [], "no warning and no error");
    browser.close().await;
}

/// Sends the request of an opened endpoint, which must succeed; returns the JavaScript expression of the answer's element.
async fn execute(browser: &Browser, block: &str) -> String {
    browser.wait_for(&format!("!!document.querySelector(\"{block} .execute\")"), json!(true)).await;
    browser.click(&format!("{block} .execute")).await;
    let answer = format!("document.querySelector(\"{block} .live-responses-table .response\")");
    let status = format!("{answer}?.querySelector('.response-col_status').textContent");
    browser.wait_for(&status, json!("200")).await;
    answer
}

fn names(answer: &Value) -> Vec<&String> {
    answer.as_object().unwrap().keys().collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: make browser"]
async fn the_page_fits_a_phone() {
    let system = System::start().await;
    let url = format!("{}/docs/#/Message%20push/pushMessage", system.anonymous.urls().platform);
    let browser = Browser::open(&url, 390, 844).await;
    browser.resize(390, 844).await;
    let block = ".opblock[id$='-pushMessage']";
    browser.wait_for(&format!("!!document.querySelector(\"{block} .execute\")"), json!(true)).await;
    browser.wait_for(FITS, json!(true)).await;
    browser.screenshot("docs-phone").await;
    browser.run(&format!("document.querySelector(\"{block} .execute\").scrollIntoView()")).await;
    let answer = execute(&browser, block).await;
    browser.wait_for(FITS, json!(true)).await;
    browser.run(&format!("{answer}.scrollIntoView()")).await;
    browser.screenshot("docs-phone-answer").await;
    browser.close().await;
}
