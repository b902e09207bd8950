"""The page's style sheet: where its keyed containers stand, wide and on a phone.

A wide screen has a bar at the top, a rail with the settings at the left, and beside it the
controls, the figures, the stage (curve and writing) and the tabs. Below 900 px all are stacked,
and the controls stay at the bottom of the screen. Streamlit draws the widgets; this places them.
"""

from __future__ import annotations

from dashboard.charts.chart_parts import FAINT

_BAR_AND_RAIL = """
:root{--bar:2.75rem;--rail:16.5rem;--gap:.75rem;--line:rgba(128,128,128,.28);
--paper:rgba(128,128,128,.07)}
[data-testid="stHeader"]{background:Canvas;height:var(--bar);min-height:var(--bar);
border-bottom:1px solid var(--line)}
[data-testid="stHeader"] [data-testid="stToolbar"]{height:var(--bar);min-height:0;padding-block:0}
[data-testid="stMain"]{top:0}
[data-testid="stMainBlockContainer"]{padding:calc(var(--bar) + .75rem) 1rem 1.5rem!important}
[data-testid="stMainBlockContainer"]:has(.st-key-controls){max-width:none;
padding-top:calc(var(--bar) + .6rem)!important}
[data-testid="stMainBlockContainer"]:has(:is(.st-key-rail,.st-key-rail_first)){
padding-left:calc(var(--rail) + 1rem)!important}
[data-testid="stMainBlockContainer"]:not(:has(.st-key-controls)){max-width:60rem;margin:0 auto}
[data-testid="stMainBlockContainer"]:has(:is(.st-key-runs_area,.st-key-comparison_area)){
max-width:90rem!important}
.st-key-bar{position:fixed;top:0;right:3rem;left:40%;width:auto!important;height:var(--bar);
z-index:999991;align-items:center;flex-wrap:nowrap;justify-content:flex-end;gap:.5rem}
.st-key-page_lit a{background:rgba(128,128,128,.15)}
.st-key-page_lit p{font-weight:600}
.st-key-pages{position:fixed;top:0;left:0;width:auto!important;height:var(--bar);z-index:999991;
align-items:center;flex-wrap:nowrap;gap:.2rem}
.brand{width:calc(var(--rail) - 1.2rem);padding-left:.75rem;font-weight:650;white-space:nowrap}
.st-key-phone_menu{display:none}
.st-key-bar :is(button,.st-key-download_model a){min-height:2rem;padding-block:0;white-space:nowrap}
.st-key-run_name_open button p{max-width:16rem;overflow:hidden;text-overflow:ellipsis}
/* These have a place of their own and take no room in the page's column. */
[data-testid="stLayoutWrapper"]:has(>:is(.st-key-bar_place,.st-key-rail_place)),.st-key-bar_place,.st-key-rail_place{
display:contents}
[data-testid="stLayoutWrapper"]:has(>:is(.st-key-companion,.st-key-chart_files,.st-key-bar,.st-key-pages,.st-key-rail,.st-key-rail_first,
.st-key-ladder,.st-key-reading)),[data-testid="stElementContainer"]:has(>[data-testid="stHtml"]>style){
position:absolute}
.st-key-reading{position:fixed;left:1rem;bottom:10rem;width:auto!important;z-index:70;
background:Canvas;border-radius:.5rem}
:is(.st-key-companion,.st-key-chart_files){position:absolute!important;width:0;height:0;overflow:hidden}
[data-testid="stLayoutWrapper"]:has(>.st-key-phone_lines){display:none}
[data-testid="stMainBlockContainer"]:has(.st-key-controls)>[data-testid="stVerticalBlock"]{
gap:.5rem}
.st-key-rail,.st-key-rail_first{position:fixed;top:var(--bar);left:0;bottom:9.2rem;
width:var(--rail)!important;overflow:auto;padding:.75rem;gap:.6rem;background:var(--paper);
border-right:1px solid var(--line);flex-wrap:nowrap;overscroll-behavior:contain}
:is(.st-key-rail,.st-key-rail_first)>*{flex:none}
:is(.st-key-rail,.st-key-rail_first)>:has(>.st-key-source){flex:1 0 6rem;min-height:6rem;
overflow:hidden}
.st-key-source,.st-key-source *{height:100%}
:is(.st-key-rail,.st-key-rail_first) [data-testid="stExpanderDetails"]{padding:.5rem .7rem .7rem}
.source{overflow:auto;white-space:pre-wrap;overflow-wrap:anywhere;opacity:.8;
font:.72rem/1.5 ui-monospace,"DejaVu Sans Mono",monospace;border:1px solid var(--line);
border-radius:.5rem;padding:.5rem .6rem}
.st-key-ladder{position:fixed;left:0;bottom:0;width:var(--rail)!important;height:9.2rem;
padding:.6rem .75rem;background:var(--paper);border:solid var(--line);border-width:1px 1px 0 0}
.ladder{width:100%;border-collapse:collapse;font-size:.82rem;font-variant-numeric:tabular-nums;
white-space:nowrap}
.st-key-ladder{gap:.2rem}
.st-key-ladder p{font-size:.82rem}
.ladder td{padding:.18rem 0;border:0;border-top:1px solid var(--line)}
.ladder td:nth-child(n+3){text-align:right}
.ladder .won{color:light-dark(#177245,#6fd39d)}
"""
_STAGE = """
.st-key-work{gap:.5rem}
.st-key-controls{position:relative;z-index:60;width:29rem!important;height:2.5rem;
flex-wrap:nowrap;gap:.5rem}
.st-key-controls>*{flex:none}
/* A question or refusal lies under the buttons, over the stage, and moves nothing. */
:is(.st-key-train_question,.st-key-train_refusal){position:absolute!important;top:2.8rem;left:0;
width:min(34rem,90vw)!important;background:Canvas;box-shadow:0 6px 24px rgba(0,0,0,.3);
border-radius:.5rem;z-index:61}
/* The ticking part draws the progress; its place is beside the controls. */
.st-key-progress{margin:-3rem 0 0 30rem;width:auto!important;height:2.5rem;overflow:hidden;gap:0}
.st-key-progress p{font-variant-numeric:tabular-nums;white-space:nowrap;overflow:hidden;
text-overflow:ellipsis;font-size:.93rem}
.st-key-figures{display:grid!important;grid-template-columns:repeat(7,minmax(0,1fr));gap:0;
height:3rem;overflow:hidden}
.st-key-figures>*{border-left:1px solid var(--line);padding-left:.7rem;min-width:0}
.st-key-figures>:first-child{border:0;padding:0}
.st-key-figures [data-testid="stMetricValue"]{font-variant-numeric:tabular-nums;line-height:1.3;
padding:0}
.st-key-figures [data-testid="stMetricLabel"]{min-height:0}
.st-key-figures [data-testid="stMetric"]{gap:0}
.st-key-stage_area{--h:clamp(17.5rem,calc(100vh - 31.5rem),34rem);display:grid!important;
grid-template-columns:minmax(0,53fr) minmax(0,47fr);grid-template-rows:var(--h) 2.4rem;
gap:0 var(--gap)}
.st-key-stage_area>:is(:has(>.st-key-chart_panel),:has(>.st-key-writing_panel)){height:var(--h);
min-height:0}
.st-key-stage_area>:has(>.st-key-writing_panel){grid-column:2;grid-row:1}
.st-key-stage_area>:has(>.st-key-stage_row){grid-column:1;grid-row:2}
.st-key-stage_area>:has(>.st-key-hint){grid-column:2;grid-row:2;align-self:center}
.st-key-hint{flex-wrap:nowrap;align-items:center}
.st-key-hint button{min-height:1.9rem;padding-block:0}
.st-key-chart_panel,.st-key-writing_panel{height:var(--h)!important;border:1px solid var(--line);
border-radius:.6rem;overflow:hidden;gap:0;flex-wrap:nowrap}
:is(.st-key-chart_panel,.st-key-writing_panel)>*{min-height:0}
.panel-head{height:2rem;display:flex;align-items:center;gap:1rem;padding:0 .75rem;
border-bottom:1px solid var(--line);font-size:.85rem;white-space:nowrap;overflow:hidden;
font-variant-numeric:tabular-nums}
.panel-head .end{margin-left:auto;opacity:.75;overflow:hidden;text-overflow:ellipsis}
/* Streamlit's buttons of the chart appear at the right end of its head. */
.st-key-chart_panel .panel-head{height:auto;min-height:2rem;flex-wrap:wrap;align-content:center;
gap:0 1rem;padding-right:7.6rem;line-height:1.2rem}
.st-key-chart_panel .panel-head .end{margin:0}
.st-key-chart_panel>:has(.panel-head){flex:none}
.panel-head i{display:inline-block;width:.7rem;height:3px;border-radius:2px;vertical-align:middle;
margin-right:.35rem}
.piece{height:calc(var(--h) - 2rem - 2px);overflow-y:auto;padding:.6rem .9rem;white-space:pre-wrap;
font:.8rem/1.55 ui-monospace,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere;
scrollbar-gutter:stable}
.piece b{color:light-dark(#1f5fa8,#7db2ec)}
.piece em{opacity:.75}
/* The slider's thumb stands at its iteration on the chart, whose plot has these insets. */
.st-key-stage_row{height:2.4rem;overflow:hidden;padding:0 29px 0 26px}
.st-key-stage_row [data-testid="stSlider"]{padding:0}
.st-key-stage_row :is([data-testid="stSliderTickBar"],[data-testid="stSliderThumbValue"]){
display:none}
/* A tab with little content lets the page keep its place: the tabs would jump out of view. */
.st-key-tabs{min-height:calc(100vh - var(--bar))}
.st-key-doctor{height:2.7rem!important;min-height:2.7rem;flex-wrap:nowrap;overflow:hidden;
border:1px solid var(--line);border-radius:.5rem;padding:0 .2rem 0 .75rem;background:var(--paper)}
.st-key-doctor p{font-size:.88rem;line-height:1.2rem;display:-webkit-box;-webkit-line-clamp:2;
-webkit-box-orient:vertical;overflow:hidden}
.st-key-doctor button{min-height:2rem;padding-block:0;white-space:nowrap}
:is(.st-key-notices,.st-key-live_notices):not(:has(*)){display:none}
.st-key-notices [data-testid="stAlertContainer"]{padding:.4rem .8rem}
:is(.st-key-rates,.st-key-rate_found) button{min-height:1.9rem;padding-block:0}
.st-key-tabs textarea{min-height:2.4rem;height:2.4rem!important}
/* Samples beside each other are as high as the longest of them. */
.st-key-samples [data-testid="stColumn"] div:has(.piece){display:flex;flex-direction:column;flex:1}
.st-key-samples .panel-head{flex:none}
.st-key-samples .piece{height:auto;flex:1;min-height:5.6rem;max-height:24rem;font-size:.74rem;
border:1px solid var(--line);border-radius:.5rem;padding:.4rem .7rem}
[data-testid="stToastContainer"]{top:auto!important;bottom:1rem;right:1rem}
/* Streamlit adds the shortcut to the button and to its accessible name; the help names it. */
button kbd{display:none!important}
/* White text has a contrast of 4.5:1 on this blue, and the blue 3:1 on either background. The
theme's primary colour also colours text in dark mode, which needs more contrast. */
button[data-testid="stBaseButton-primary"]:enabled{background:#2a6fb8;border-color:#2a6fb8;
color:#fff}
[data-testid="stMultiSelectTagsContainer"] [role=group]>*{background:#2a6fb8;color:#fff}
button[data-testid="stBaseButton-primary"]:enabled:hover{filter:brightness(.9)}
::highlight(unwritten){color:transparent}
::highlight(caret){color:transparent;background-color:#2a6fb8}
"""
# Below the stage, so that no step moves it; on a phone above the controls. The step's words have a
# class by which its control is marked.
_TOUR = """
.st-key-tour{min-height:2.9rem;border:1px solid #e07a1f;border-radius:.5rem;padding:.2rem .75rem;
background:Canvas;gap:.5rem;flex-wrap:nowrap;overflow:hidden}
.st-key-tour>:has(.tour-words){flex:1 1 0;min-width:0}
.st-key-tour button{min-height:2rem;padding-block:0;white-space:nowrap}
.tour-words{font-size:.88rem;line-height:1.25}
[data-testid="stLayoutWrapper"]:has(>.st-key-tour_offer){flex:none;width:auto!important}
.st-key-tour_offer{width:auto!important;gap:.1rem;flex-wrap:nowrap}
.st-key-tour_dismiss p{position:absolute;width:1px;height:1px;overflow:hidden;
clip-path:inset(50%)}
[data-testid="stApp"]:has(.tour-at-text) :is(.st-key-text_open,.st-key-phone_text button),
[data-testid="stApp"]:has(.tour-at-train) :is(.st-key-train,.st-key-pause) button,
[data-testid="stApp"]:has(.tour-at-write) .st-key-generate button,
[data-testid="stApp"]:has(.tour-at-take) .st-key-download_model :is(a,button){
outline:3px solid #e07a1f;outline-offset:2px}
[data-testid="stApp"]:has(.tour-at-watch) :is(.st-key-chart_panel,.st-key-writing_panel,
.st-key-stage_row){outline:3px solid #e07a1f;outline-offset:-3px}
@media (max-width:900px){
.st-key-tour{position:fixed;left:0;right:0;bottom:6.4rem;width:auto!important;z-index:98;
border-width:1px 0 0;border-radius:0;padding:.4rem .75rem;flex-wrap:wrap!important}
.st-key-tour>:has(.tour-words){flex:1 0 100%}
[data-testid="stMainBlockContainer"]:has(.st-key-tour){padding-bottom:18rem!important}
[data-testid="stMain"]:has(.st-key-tour){scroll-padding-bottom:15.5rem}
}
@media (max-width:900px) and (max-height:520px){
.st-key-tour{bottom:0}
[data-testid="stMainBlockContainer"]:has(.st-key-tour){padding-bottom:10rem!important}
[data-testid="stMain"]:has(.st-key-tour){scroll-padding-bottom:8rem}
}
@media (max-width:900px) and (max-height:340px){.st-key-tour{position:static}}
"""
_PHONE = """
@media (max-width:900px){
[data-testid="stMainBlockContainer"]:has(.st-key-controls){
padding:calc(var(--bar) + .3rem) .6rem 9.5rem!important}
[data-testid="stLayoutWrapper"]:has(>:is(.st-key-rail,.st-key-rail_first,.st-key-ladder)){position:static}
.st-key-ladder{position:static;width:100%!important;height:auto;border-width:0}
:is(.st-key-rail,.st-key-rail_first)>:has(>.st-key-source){display:none}
.st-key-pages{display:none}
.st-key-phone_menu{display:block}
.st-key-bar{left:.4rem;right:.4rem;gap:.2rem;justify-content:space-between}
.st-key-bar>*{min-width:0}
.st-key-run_name_open button p{max-width:9rem}
.st-key-bar :is(.st-key-link_open,.st-key-download_model) p{position:absolute;width:1px;height:1px;
overflow:hidden;clip-path:inset(50%)}
[data-testid="stLayoutWrapper"]:has(>.st-key-phone_lines){display:block;order:-1}
.st-key-phone_lines{gap:.4rem}
.st-key-phone_lines button{justify-content:space-between}
.st-key-rail_first>:has(>[data-testid="stExpander"]),
.st-key-rail_first>[data-testid="stExpander"],
.st-key-rail_first>:is(.st-key-text_open,.st-key-network_open){display:none}
/* A fragment draws into a block of its own; without boxes the ladder goes below the tabs. */
.st-key-work>:first-child,.st-key-work>:first-child>.stVerticalBlock{display:contents}
.st-key-work>*{order:5}
.st-key-work :has(>.st-key-ladder){order:9}
.st-key-rail,.st-key-rail_first{position:static;width:100%!important;overflow:visible;padding:0;
border:0;background:none;gap:.4rem}
.st-key-controls{position:fixed;left:0;right:0;bottom:0;width:auto!important;height:3.4rem;
padding:.4rem .6rem;z-index:100;background:Canvas;justify-content:space-between;gap:.3rem}
.st-key-controls button{padding-inline:.6rem}
:is(.st-key-train_question,.st-key-train_refusal){top:auto;bottom:3.5rem;left:0;
width:100vw!important}
.st-key-progress{position:fixed;left:0;right:0;bottom:3.4rem;margin:0;height:3rem;
padding:.3rem .6rem 0;z-index:99;background:Canvas;border-top:1px solid var(--line)}
.st-key-figures{grid-template-columns:repeat(4,minmax(0,1fr));height:2.5rem}
.st-key-figures>:is(:nth-child(4),:nth-child(5),:nth-child(7)){display:none}
.panel-head .end{font-size:.75rem}
.st-key-stage_area{grid-template-columns:minmax(0,1fr);grid-template-rows:230px 2rem 220px}
.st-key-stage_row{height:2rem}
.st-key-stage_area>:has(>.st-key-chart_panel),.st-key-chart_panel{--h:230px}
.st-key-stage_area>:has(>.st-key-writing_panel){--h:220px;grid-column:1;grid-row:3}
.st-key-stage_area>:has(>.st-key-hint){display:none}
.st-key-doctor{height:5.5rem!important;flex-wrap:wrap!important;row-gap:0}
.st-key-doctor button{min-height:1.7rem}
.st-key-doctor p{-webkit-line-clamp:4}
.st-key-doctor:has(button) p{-webkit-line-clamp:3}
:is(.st-key-stage_area,.st-key-figures,.st-key-rail,.st-key-rail_first,.st-key-section_sample,
.st-key-tabs){scroll-margin-top:3.2rem}
[data-testid="stMain"]{scroll-padding-bottom:7rem}
body:has(.st-key-controls) [data-testid="stToastContainer"]{bottom:6.9rem}
body:has(.st-key-tour) [data-testid="stToastContainer"]{bottom:15.9rem}
}
@media (max-width:430px){
.st-key-goal_open button [data-has-shortcut] span:has(>[data-testid="stIconMaterial"]){display:none}
}
@media (max-width:380px){
.st-key-controls button span:has(>[data-testid="stIconMaterial"]){display:none}
}
/* At 200 % zoom the window is too low for rows fixed at its foot. */
@media (max-width:900px) and (max-height:520px){
.st-key-controls{position:relative}
.st-key-progress{position:static}
:is(.st-key-train_question,.st-key-train_refusal){top:3.2rem;bottom:auto}
[data-testid="stMainBlockContainer"]:has(.st-key-controls){padding-bottom:1rem!important}
body:has(.st-key-controls) [data-testid="stToastContainer"]{bottom:1rem}
}
/* Streamlit lets what is drawn anew fade slowly; without a transition it would flicker. */
@media (prefers-reduced-motion:reduce){
*,*::before,*::after{animation:none!important;transition:none!important}
[data-stale=true]{opacity:1!important}
}
"""
# Tables and samples of runs that are compared (``side_by_side``).
_COMPARED = """
.compared{border-collapse:collapse;font-size:.88rem;font-variant-numeric:tabular-nums;width:100%;
table-layout:fixed;min-width:calc(17rem + var(--runs)*7rem)} /* columns of two tables line up */
.compared thead td{width:17rem}
.compared :is(th,td){padding:.25rem .7rem;border-bottom:1px solid rgba(128,128,128,.28);
text-align:left;vertical-align:top;overflow-wrap:anywhere}
.compared th{font-weight:600}.compared th[scope=row]{font-weight:400}
.compared-box{overflow-x:auto}
@media (max-width:900px){
.compared :is(th,td){padding-inline:.35rem}
.compared{min-width:calc(8rem + var(--runs)*5.5rem)}.compared thead td{width:8rem}
}
/* Streamlit's buttons of a chart or a table lie above it and would cover the words there. */
[data-testid="stElementContainer"]:has(>:is([data-testid="stDataFrame"],
[data-testid="stFullScreenFrame"])):not(.st-key-chart_panel *){margin-top:1.6rem}
.chip{display:inline-block;width:.7rem;height:.7rem;border-radius:2px;margin-right:.4rem}
"""
# A chart's grey must do in light and dark themes, which is dim for words.
_NAMES_IN_CHARTS = f"""
[data-testid="stVegaLiteChart"] text[fill="{FAINT}"]{{fill:light-dark(#5f646d,#a8adb6)}}
"""
# In boxes that hold texts, the first strong character of each paragraph decides its direction:
# Hebrew and Arabic stand right to left. ``markup.text_box`` has the same rule.
DIRECTION = """
textarea,input[type=text],.piece,.source,
[data-testid="stCode"] pre,[data-testid="stCode"] code{unicode-bidi:plaintext;text-align:start}
"""
STYLE = (
    f"<style>{_BAR_AND_RAIL}{_STAGE}{_COMPARED}{_NAMES_IN_CHARTS}{DIRECTION}{_PHONE}{_TOUR}</style>"
)
