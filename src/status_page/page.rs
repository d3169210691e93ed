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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_whole_and_asks_for_nothing_from_elsewhere() {
        let page = html("abc123");
        assert!(page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"));
        assert_eq!(page.matches(r#"nonce="abc123""#).count(), 2);
        for placeholder in ["{nonce}", "{style}", "{script}"] {
            assert!(!page.contains(placeholder), "{placeholder} is left");
        }
        // One style, one script, and nothing in them that ends them early.
        assert_eq!(page.matches("</script").count(), 1);
        assert_eq!(page.matches("</style").count(), 1);
        for outside in [
            "https:",
            "//cdn",
            "@import",
            "url(",
            " src=",
            "<link rel=\"stylesheet",
        ] {
            assert!(!page.contains(outside), "{outside}");
        }
        // The name of a namespace, which nobody fetches.
        assert_eq!(page.matches("http:").count(), 1);
    }

    #[test]
    fn the_script_makes_no_markup_of_text() {
        for sink in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "srcdoc",
        ] {
            assert!(!SCRIPT.contains(sink), "{sink}");
        }
    }

    #[test]
    fn the_policy_allows_this_style_and_this_script_and_nothing_else() {
        let policy = policy("abc123");
        for directive in [
            "default-src 'none'",
            "script-src 'nonce-abc123'",
            "style-src 'nonce-abc123'",
            "connect-src 'self'",
            "frame-ancestors 'none'",
            "form-action 'none'",
            "base-uri 'none'",
        ] {
            assert!(
                policy.split("; ").any(|it| it == directive),
                "{directive}: {policy}"
            );
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    }
}
