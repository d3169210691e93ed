//! Products: a search, and several queries for one answer.

use axum::Json;
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use utoipa::{IntoParams, ToSchema};

use crate::described::{Errors, ParamErrors};
use crate::errors::ApiError;
use crate::extract::{Check, Db, Params, Problems};
use crate::store::{CATEGORIES, Product};

/// What is looked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Search {
    /// A part of the name, in upper or lower case.
    #[serde(default)]
    #[param(max_length = 100)]
    q: String,
    /// All where none is named.
    #[param(pattern = "^(books|games|garden|kitchen|tools)$")]
    category: Option<String>,
    #[serde(default = "twenty")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: usize,
}

const fn twenty() -> usize {
    20
}

/// So many of a category are looked through.
const LOOKED_AT: i32 = 1_000;

impl Check for Search {
    fn check(&self, problems: &mut Problems) {
        problems.range("limit", self.limit, 1, 100);
        if self.q.chars().count() > 100 {
            problems.note("q", "must have at most 100 characters");
        }
        if let Some(category) = &self.category
            && !CATEGORIES.contains(&category.as_str())
        {
            problems.note("category", format!("must be one of {}", CATEGORIES.join(", ")));
        }
    }
}

/// What was found.
#[derive(Serialize, ToSchema)]
pub(crate) struct Products {
    products: Vec<Product>,
    total: usize,
}

async fn of_category(db: &Db, category: &str, most: i32) -> Result<Vec<Product>, ApiError> {
    let products = db.statements.products.bind((category, most))?;
    Ok(db.session.execute(products).await?.rows()?)
}

/// Looks for products. Each category is a partition, and all are read at the same time.
#[utoipa::path(
    get, path = "/products/search", params(Search),
    responses((status = 200, body = Products, description = "as asked"), ParamErrors)
)]
pub(crate) async fn search(db: Db, Params(search): Params<Search>) -> Result<Json<Products>, ApiError> {
    let asked = CATEGORIES.iter().filter(|category| {
        let wanted = search.category.as_deref();
        wanted.is_none_or(|wanted| wanted == **category)
    });
    let found = try_join_all(asked.map(|category| of_category(&db, category, LOOKED_AT))).await?;
    let part = search.q.to_lowercase();
    let products: Vec<Product> = found
        .into_iter()
        .flatten()
        .filter(|product| product.name.to_lowercase().contains(&part))
        .take(search.limit)
        .collect();
    let total = products.len();
    Ok(Json(Products { products, total }))
}

/// One part of the answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct Part {
    category: &'static str,
    products: usize,
}

/// What several queries made together.
#[derive(Serialize, ToSchema)]
pub(crate) struct Several {
    queries: u64,
    results: Vec<Part>,
    total_time_ms: f64,
}

/// Four queries at the same time for one answer. `Server-Timing` counts them.
#[utoipa::path(
    get, path = "/multi-query",
    responses((status = 200, body = Several, description = "as asked"), Errors)
)]
pub(crate) async fn multi_query(db: Db) -> Result<Json<Several>, ApiError> {
    let began = Instant::now();
    let parts = CATEGORIES[..4].iter().map(async |category| {
        let products = of_category(&db, category, 10).await?.len();
        Ok::<_, ApiError>(Part { category, products })
    });
    let results = try_join_all(parts).await?;
    Ok(Json(Several {
        queries: db.session.figures().queries,
        results,
        total_time_ms: began.elapsed().as_secs_f64() * 1e3,
    }))
}
