//! Many statements in the cache of a session: text with values, which is looked up there. The session is a whole one over a service that answers at once.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll};

use tokio::runtime::Builder;
use tower_cassandra::test_util::Script;
use tower_cassandra::{Error, Response, Session, Statement};
use tower_service::Service;

use crate::cases::case;
use crate::drive::{Case, Rounds};
use crate::leaf::{Leaf, Request};
use crate::stack::holding;

pub(crate) const CASES: &[Case] = &[
    case("statements_10", statements::<10>),
    case("statements_100", statements::<100>),
    // As many as it holds by default.
    case("statements_1000", statements::<1_000>),
];

fn statements<const N: usize>(_: Leaf, rounds: &mut Rounds<'_>) {
    let texts: Vec<Arc<str>> = (1_000..1_000 + N)
        .map(|n| format!("SELECT v FROM t{n} WHERE id = ?").into())
        .collect();
    let mut script = Script::new();
    for text in &texts {
        script = script.prepares(text, [("id", "int")]);
    }
    let known = Arc::new(AtomicBool::new(false));
    let session = Session::from_service(Answering {
        script,
        known: Arc::clone(&known),
    });
    // Who prepares is a task: it needs somebody who drives it.
    #[expect(clippy::expect_used, reason = "a program without users")]
    let runtime = Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    holding(|| {
        runtime.block_on(async {
            for text in &texts {
                #[expect(clippy::expect_used, reason = "the script knows the text")]
                let _ = session.prepare(text).await.expect("a statement");
            }
        });
    });
    known.store(true, Relaxed);
    rounds.drive(Texts { session, texts });
}

/// The script tells the types of markers; what is executed is answered without it, since it remembers every call.
#[derive(Clone)]
struct Answering {
    script: Script,
    known: Arc<AtomicBool>,
}

impl Service<Statement> for Answering {
    type Response = Response;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, statement: Statement) -> Self::Future {
        if self.known.load(Relaxed) {
            return Box::pin(async move {
                drop(statement);
                Ok(Response::empty())
            });
        }
        let mut script = self.script.clone();
        Box::pin(async move { script.call(statement).await })
    }
}

/// Sends each text in turn.
struct Texts {
    session: Session,
    texts: Vec<Arc<str>>,
}

impl Service<Request> for Texts {
    type Response = u32;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<u32, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let text = Arc::clone(&self.texts[request.value as usize % self.texts.len()]);
        let session = self.session.clone();
        Box::pin(async move {
            session.query(text, (7_i32,)).await?;
            Ok(0)
        })
    }
}
