//! The page, put together of its parts, and what it is allowed to do.

const HTML: &str = include_str!("page/page.html");
const STYLE: &str = concat!(
    include_str!("page/colours.css"),
    include_str!("page/layout.css"),
    include_str!("page/nodes.css"),
);
/// One function of its own, so that it leaves nothing in the window.
const SCRIPT: &str = concat!(
    "(() => {\n'use strict';\n",
    include_str!("page/text.js"),
    include_str!("page/elements.js"),
    include_str!("page/history.js"),
    include_str!("page/rows.js"),
    include_str!("page/nodes.js"),
    include_str!("page/panels.js"),
    include_str!("page/slow.js"),
    include_str!("page/source.js"),
    include_str!("page/main.js"),
    "})();\n",
);

/// What an answer without a page is allowed to do.
pub(super) const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";

/// The page for one request.
pub(super) fn html(nonce: &str) -> String {
    // The nonce first: what is put in after it is not looked through.
    HTML.replace("{nonce}", nonce)
        .replace("{style}", STYLE)
        .replace("{script}", SCRIPT)
}

/// The style and the script of this request run, and nothing else is loaded or run; the script can ask where it came from only.
pub(super) fn policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    )
}
