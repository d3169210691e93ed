//! The code for a message above the limit.

use tonic::codegen::http::{HeaderMap, HeaderValue, Response};
use tonic::{Code, Status};

/// How tonic begins to say that a message was not read because of its length. It is not the only thing that is out of range, so the code alone says too little.
const SAID: &str = "Error, decoded message length too large";

/// Makes `RESOURCE_EXHAUSTED` of tonic's `OUT_OF_RANGE` for a message above the limit: so say gRPC core, Java and Go, and so the retry policies of clients expect it. Everything
/// else stays as it is.
pub(crate) fn as_others_say<B>(mut response: Response<B>) -> Response<B> {
    if is_too_large(response.headers()) {
        let code = HeaderValue::from(Code::ResourceExhausted as i32);
        response.headers_mut().insert("grpc-status", code);
    }
    response
}

fn is_too_large(headers: &HeaderMap) -> bool {
    // Answers that go well have no code in their head, and nothing is looked for.
    headers.contains_key("grpc-status")
        && Status::from_header_map(headers)
            .is_some_and(|status| status.code() == Code::OutOfRange && status.message().starts_with(SAID))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_of(status: Status) -> Code {
        let answer = as_others_say(status.into_http::<()>());
        Status::from_header_map(answer.headers()).unwrap().code()
    }

    #[test]
    fn only_a_message_above_the_limit_is_said_in_another_way() {
        let too_large = format!("{SAID}: found 65537 bytes, the limit is: 65536 bytes");
        assert_eq!(code_of(Status::out_of_range(&too_large)), Code::ResourceExhausted);
        assert_eq!(
            code_of(Status::out_of_range("an age above 150")),
            Code::OutOfRange
        );
        assert_eq!(code_of(Status::internal(too_large)), Code::Internal);
        let fine = as_others_say(Response::new(()));
        assert!(fine.headers().is_empty());
    }
}
