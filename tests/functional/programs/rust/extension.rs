//! An external extension on AWS's own library: it prints the events and, as OBSERVE says,
//! the telemetry or the logs that it is sent (AWS allows one of the two APIs only).

use lambda_extension::{
    service_fn, Error, Extension, LambdaEvent, LambdaLog, LambdaTelemetry, LogBuffering, NextEvent,
    SharedService,
};

const SOON: LogBuffering = LogBuffering {
    timeout_ms: 25,
    max_bytes: 262_144,
    max_items: 1_000,
};

async fn event(event: LambdaEvent) -> Result<(), Error> {
    match event.next {
        NextEvent::Invoke(invoke) => println!("extension: invoke {}", invoke.request_id),
        NextEvent::Shutdown(shutdown) => {
            println!("extension: shutdown {}", shutdown.shutdown_reason)
        }
    }
    Ok(())
}

async fn telemetry(events: Vec<LambdaTelemetry>) -> Result<(), Error> {
    for event in events {
        println!("telemetry: {:?}", event.record);
    }
    Ok(())
}

async fn logs(events: Vec<LambdaLog>) -> Result<(), Error> {
    for event in events {
        println!("logs: {:?}", event.record);
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let extension = Extension::new()
        .with_events(&["INVOKE", "SHUTDOWN"])
        .with_events_processor(service_fn(event));
    if std::env::var("OBSERVE").as_deref() == Ok("logs") {
        let processor = SharedService::new(service_fn(logs));
        extension
            .with_log_types(&["platform", "function"])
            .with_log_buffering(SOON)
            .with_logs_processor(processor)
            .run()
            .await
    } else {
        let processor = SharedService::new(service_fn(telemetry));
        extension
            .with_telemetry_types(&["platform", "function"])
            .with_telemetry_buffering(SOON)
            .with_telemetry_processor(processor)
            .run()
            .await
    }
}
