//! The description of the API.

use std::collections::HashSet;

use serde_json::Value;

use crate::support::{App, settings};

/// All values under that key, wherever they are.
fn all<'a>(value: &'a Value, key: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if name == key {
                    found.push(value);
                }
                all(value, key, found);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| all(value, key, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_description_is_complete_and_sound() {
    // It needs no database: nobody listens there.
    let app = App::start(settings(vec!["127.0.0.1:1".to_owned()], "openapi")).await;
    let reply = app.client.get("/openapi.json").await.expect(200);
    assert_eq!(reply.header("content-type"), "application/json");
    let document = reply.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut references = Vec::new();
    all(&document, "$ref", &mut references);
    assert!(references.len() > 50);
    for reference in references {
        let pointer = reference.as_str().unwrap().strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer} is missing");
    }
    let (mut names, mut count) = (HashSet::new(), 0);
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            count += 1;
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name), "{name} is there twice");
            assert!(operation["summary"].is_string(), "{method} {path}");
            let responses = operation["responses"].as_object().unwrap();
            assert!(!responses.is_empty());
            for (status, response) in responses {
                assert!(response["description"].is_string(), "{method} {path} {status}");
            }
            let declared = operation["parameters"].as_array();
            let in_path = declared
                .into_iter()
                .flatten()
                .filter(|one| one["in"] == "path")
                .count();
            assert_eq!(in_path, path.matches('{').count(), "{method} {path}");
            // Every one is served: without a database 503 at worst, and never 404 for the path or 405.
            let asked = path.replace("{id}", "no").replace("{key}", "k");
            if path != "/shutdown" {
                let answer = app.client.ask(&method.to_uppercase(), &asked, &[], None).await;
                let status = answer.unwrap().status;
                assert!(status != 404 && status != 405, "{method} {path}: {status}");
            }
        }
    }
    // With the web socket, `/healthz` and this description: all that there is.
    assert_eq!(count, 42, "{names:?}");
    app.end().await;
}
