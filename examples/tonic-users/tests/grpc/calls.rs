//! Single calls: what they do, what they refuse, how large they may be.

use tonic::Code;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_users::pb::{CreateUserRequest, DeleteUserRequest, UpdateUserRequest};

use crate::support::Bed;

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

#[tokio::test]
async fn a_user_is_created_read_changed_and_deleted() {
    let Some(bed) = Bed::make("grpc_crud").await else {
        return;
    };
    let mut users = bed.users.clone();
    let ada = bed.create("Ada").await;
    assert_eq!((ada.name.as_str(), ada.age), ("Ada", 36));
    assert_eq!(bed.get(&ada.id).await.unwrap(), ada);
    let change = UpdateUserRequest {
        id: ada.id.clone(),
        age: Some(37),
        ..Default::default()
    };
    let changed = users.update_user(change).await.unwrap().into_inner();
    assert_eq!((changed.age, changed.name.as_str()), (37, "Ada"));
    assert!(changed.updated_at_ms >= ada.updated_at_ms);
    assert_eq!(bed.get(&ada.id).await.unwrap(), changed);
    for _ in 0..2 {
        let delete = DeleteUserRequest { id: ada.id.clone() };
        users.delete_user(delete).await.unwrap();
    }
    assert_eq!(bed.get(&ada.id).await.unwrap_err().code(), Code::NotFound);
    bed.done().await;
}

#[tokio::test]
async fn bad_input_is_refused_and_named_and_costs_no_statement() {
    let Some(bed) = Bed::make("grpc_bad_input").await else {
        return;
    };
    let mut users = bed.users.clone();
    let before = bed.calls.count();
    let create = |name: &str, email: &str, age| CreateUserRequest {
        name: name.to_owned(),
        email: email.to_owned(),
        age,
    };
    for (wanted, field) in [
        (create("", "a@b", 1), "name"),
        (create(&"n".repeat(2_000), "a@b", 1), "name"),
        (create("n", "nobody", 1), "email"),
        (create("n", "a@b", -1), "age"),
        (create("n", "a@b", 151), "age"),
    ] {
        let status = users.create_user(wanted).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(status.message().starts_with(field), "{status:?}");
    }
    assert_eq!(
        bed.get("not-a-uuid").await.unwrap_err().code(),
        Code::InvalidArgument
    );
    let nothing = UpdateUserRequest {
        id: NOBODY.to_owned(),
        ..Default::default()
    };
    assert_eq!(
        users.update_user(nothing).await.unwrap_err().code(),
        Code::InvalidArgument
    );
    for (header, value) in [
        ("x-request-timeout", "soon"),
        ("x-request-timeout", "0"),
        ("x-request-timeout", "301"),
    ] {
        let status = bed.get_with(NOBODY, &[(header, value)]).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(
            status.message().contains("X-Request-Timeout") && !status.message().contains("soon"),
            "{status:?}"
        );
    }
    assert_eq!(bed.calls.count(), before);
    bed.done().await;
}

#[tokio::test]
async fn messages_above_the_limit_are_refused_and_the_connection_goes_on() {
    let Some(bed) = Bed::make("grpc_message_size").await else {
        return;
    };
    let status = bed
        .try_create(&"n".repeat(tonic_users::MAX_MESSAGE + 1))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
    assert_eq!(bed.get(NOBODY).await.unwrap_err().code(), Code::NotFound);
    bed.done().await;
}

#[tokio::test]
async fn reflection_knows_the_services() {
    let Some(bed) = Bed::make("grpc_reflection").await else {
        return;
    };
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(bed.channel.clone());
    let mut answers = client
        .server_reflection_info(futures_util::stream::iter([request]))
        .await
        .unwrap()
        .into_inner();
    let answer = answers.message().await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("{answer:?}")
    };
    let names: Vec<_> = list.service.iter().map(|service| service.name.as_str()).collect();
    for name in ["users.v1.Users", "grpc.health.v1.Health"] {
        assert!(names.contains(&name), "{names:?}");
    }
    drop((answers, client));
    bed.done().await;
}
