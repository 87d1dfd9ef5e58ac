//! A custom runtime on AWS's own library: it answers whole, or as a stream when STREAM is set.

use lambda_runtime::{run, service_fn, streaming, Error, LambdaEvent};
use serde_json::{json, Value};

async fn whole(event: LambdaEvent<Value>) -> Result<Value, Error> {
    if event.payload == json!("fail") {
        return Err("it was asked to fail".into());
    }
    println!("function: {}", event.payload);
    if event.payload == json!("slow") {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
    Ok(json!({"event": event.payload, "requestId": event.context.request_id}))
}

async fn parts(event: LambdaEvent<Value>) -> Result<streaming::Response<streaming::Body>, Error> {
    let (mut sender, body) = streaming::channel();
    tokio::spawn(async move {
        for part in event.payload.as_array().into_iter().flatten() {
            let text = part.as_str().unwrap_or_default().to_owned();
            if text == "break" {
                sender.abort();
                return;
            }
            if sender.send_data(text.into()).await.is_err() {
                return;
            }
        }
    });
    Ok(streaming::Response::from(body))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    if std::env::var_os("GRACEFUL").is_some() {
        lambda_runtime::spawn_graceful_shutdown_handler(|| async {
            println!("function: told to end")
        })
        .await;
    }
    if std::env::var_os("STREAM").is_some() {
        run(service_fn(parts)).await
    } else {
        run(service_fn(whole)).await
    }
}
