//! One page of `cargo doc`.

/// What the page of a module lists: kinds and the pages they lead to.
pub(crate) fn contents(page: &str) -> impl Iterator<Item = (&str, &str)> {
    let (_, lists) = page.split_once("class=\"item-table").unwrap_or_default();
    // Each entry begins with a link to it, of the class of its kind. Links to elsewhere are in what is said about it.
    lists.split("<dt>").skip(1).filter_map(|entry| {
        let kind = between(entry, "<a class=\"", "\"")?;
        let file = between(entry, "href=\"", "\"")?;
        Some((kind, file))
    })
}

/// The name of the item whose page has this name.
pub(crate) fn name_of(file: &str) -> Option<&str> {
    file.strip_suffix(".html")?.split_once('.').map(|(_, name)| name)
}

/// What stands between two marks, the first time.
fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(from)?;
    rest.split_once(to).map(|(inside, _)| inside)
}

/// The text of a piece of a page, on one line.
fn plain(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut inside = false;
    for (at, c) in html.char_indices() {
        let rest = &html[at..];
        match c {
            // What begins a line ends a word.
            '<' => {
                inside = true;
                text.push_str(if rest.starts_with("<div") || rest.starts_with("<br") {
                    " "
                } else {
                    ""
                });
            }
            '>' => inside = false,
            _ if !inside => text.push(c),
            _ => {}
        }
    }
    let text = text
        .replace('ⓘ', " ")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(crate) fn declaration(page: &str) -> String {
    let code = between(page, "item-decl\"><code>", "</code></pre>").unwrap_or_default();
    // Long ones are folded, and what is folded has a heading.
    let mut parts = code.split("<summary");
    let first = parts.next().unwrap_or_default();
    let rest = parts.map(|part| part.split_once("</summary>").map_or(part, |(_, rest)| rest));
    plain(&std::iter::once(first).chain(rest).collect::<String>())
}

/// What a module exports of others.
pub(crate) fn exports(page: &str) -> impl Iterator<Item = String> {
    let list = between(page, "id=\"reexports\"", "</dl>").unwrap_or_default();
    list.split("<code>").skip(1).filter_map(|rest| {
        let (export, _) = rest.split_once("</code>")?;
        Some(plain(export))
    })
}

/// Methods and constants of its own, what it implements, and whether it can go to other threads.
pub(crate) fn members(page: &str) -> impl Iterator<Item = String> {
    let own = part(
        page,
        "implementations",
        &["trait-implementations", "synthetic-implementations"],
    );
    let traits = part(
        page,
        "trait-implementations",
        &["synthetic-implementations", "blanket-implementations"],
    );
    let threads = part(page, "synthetic-implementations", &["blanket-implementations"]);
    let own = sections(own).filter_map(|(id, header)| {
        let (kind, name) = id.split_once('.')?;
        // A second method of that name in another `impl` has a number behind it.
        let name = name.split('-').next().unwrap_or(name);
        Some(format!("{kind} {name}: {header}"))
    });
    let traits = sections(traits).filter(|(id, _)| id.starts_with("impl-"));
    let traits = traits.map(|(_, header)| format!("implements: {header}"));
    let threads =
        sections(threads).filter(|(id, _)| id.starts_with("impl-Send") || id.starts_with("impl-Sync"));
    let threads = threads.map(|(_, header)| format!("threads: {header}"));
    own.chain(traits).chain(threads)
}

/// From the heading with this id up to the first of the others.
fn part<'a>(page: &'a str, from: &str, to: &[&str]) -> &'a str {
    let mark = |id: &str| format!("id=\"{id}\" class=\"section-header\"");
    let Some((_, rest)) = page.split_once(&mark(from)) else {
        return "";
    };
    let end = to.iter().filter_map(|id| rest.find(&mark(id))).min();
    &rest[..end.unwrap_or(rest.len())]
}

/// Ids and headers.
fn sections(part: &str) -> impl Iterator<Item = (&str, String)> {
    part.split("<section id=\"").skip(1).filter_map(|section| {
        let (id, rest) = section.split_once('"')?;
        let rest = rest.split_once("class=\"code-header\">")?.1;
        let end = rest.find("</h4>").into_iter().chain(rest.find("</h3>")).min()?;
        Some((id, plain(&rest[..end])))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_leads_to_what_it_lists() {
        let page = concat!(
            "<a class=\"mod\" href=\"../index.html\">elsewhere</a><h2>Modules</h2><dl class=\"item-table\">",
            "<dt><a class=\"mod\" href=\"cql/index.html\" title=\"mod a::cql\">cql</a></dt>",
            "<dd>See <a class=\"trait\" href=\"trait.B.html\">B</a>.</dd></dl>",
            "<dl class=\"item-table\"><dt><a class=\"struct\" href=\"struct.A.html\">A</a></dt></dl>",
        );
        let found: Vec<_> = contents(page).collect();
        assert_eq!(found, [("mod", "cql/index.html"), ("struct", "struct.A.html")]);
        assert_eq!(name_of("struct.A.html"), Some("A"));
    }

    #[test]
    fn marks_are_left_out_and_signs_read() {
        let long = "<pre class=\"rust item-decl\"><code>pub struct A {<details><summary class=\"x\"><span>Show 14 fields</span></summary> b: u8 }</details></code></pre>";
        assert_eq!(declaration(long), "pub struct A { b: u8 }");
        assert_eq!(
            plain("pub fn <a href=\"x\">of</a>(\n  a: &amp;str) -&gt; Self"),
            "pub fn of( a: &str) -> Self"
        );
    }

    #[test]
    fn methods_traits_and_threads_are_found() {
        let page = concat!(
            "<h2 id=\"implementations\" class=\"section-header\">",
            "<section id=\"impl-A\" class=\"impl\"><h3 class=\"code-header\">impl A</h3></section>",
            "<section id=\"method.new\" class=\"method\"><h4 class=\"code-header\">pub fn new() -&gt; A</h4></section>",
            "<h2 id=\"trait-implementations\" class=\"section-header\">",
            "<section id=\"impl-Clone-for-A\" class=\"impl\"><h3 class=\"code-header\">impl Clone for A</h3></section>",
            "<section id=\"method.clone\" class=\"method trait-impl\"><h4 class=\"code-header\">fn clone()</h4></section>",
            "<h2 id=\"synthetic-implementations\" class=\"section-header\">",
            "<section id=\"impl-Send-for-A\" class=\"impl\"><h3 class=\"code-header\">impl Send for A</h3></section>",
            "<section id=\"impl-Unpin-for-A\" class=\"impl\"><h3 class=\"code-header\">impl Unpin for A</h3></section>",
            "<h2 id=\"blanket-implementations\" class=\"section-header\">",
            "<section id=\"impl-Send-for-T\" class=\"impl\"><h3 class=\"code-header\">impl Send for T</h3></section>",
        );
        let found: Vec<String> = members(page).collect();
        let expected = [
            "method new: pub fn new() -> A",
            "implements: impl Clone for A",
            "threads: impl Send for A",
        ];
        assert_eq!(found, expected);
    }
}
