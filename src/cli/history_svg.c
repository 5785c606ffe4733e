/* history_svg.c - the evidence of a violation as a drawing: a lane a client, time to the right. */
#include "cli/history_report.h"

#include <inttypes.h>

enum {
	WIDTH = 1200,
	LEFT = 90, /* for the clients' names */
	RIGHT = 20,
	HEAD = 78,
	LANE = 46,
	BAR = 18,
	BARS_MAX = 200, /* no one reads more */
	SHOWN_MAX = 512,
	LETTER = 7,
	LAST_LETTERS = 40
};

/* Told apart by those who see few colours, too (Okabe and Ito, 2008). */
static const char *const colour[] = {"#d55e00", "#0072b2", "#999999"};

enum look { STUCK, OF_CORE, OF_ORDER };

struct bar {
	const struct ec_operation *operation;
	enum look look;
	uint32_t place; /* in the order, from 1; 0: none */
	uint32_t lane;
};

struct drawing {
	const struct history_view *view;
	struct bar bar[BARS_MAX];
	uint32_t bars, lanes;
	uint32_t client[BARS_MAX]; /* of each lane */
	uint64_t from_ns, to_ns;
};

static void bar_add(struct drawing *drawing, uint32_t number, enum look look, uint32_t place)
{
	const struct ec_operation *operation = &drawing->view->history->operation[number];
	for (uint32_t i = 0; i < drawing->bars; i++) {
		if (drawing->bar[i].operation != operation)
			continue;
		drawing->bar[i].place = place ? place : drawing->bar[i].place;
		return;
	}
	if (drawing->bars == BARS_MAX)
		return;
	uint32_t lane = 0;
	while (lane < drawing->lanes && drawing->client[lane] != operation->client)
		lane++;
	if (lane == drawing->lanes)
		drawing->client[drawing->lanes++] = operation->client;
	drawing->bar[drawing->bars++] =
		(struct bar){.operation = operation, .look = look, .place = place, .lane = lane};
}

/* The stuck first, for they matter most; of the order its end. */
static void bars_collect(struct drawing *drawing)
{
	const struct ec_evidence *evidence = &drawing->view->result->evidence;
	for (uint32_t k = 0; k < evidence->stuck_size; k++)
		bar_add(drawing, evidence->stuck[k], STUCK, 0);
	for (uint32_t k = 0; k < evidence->core_size; k++)
		bar_add(drawing, evidence->core[k], OF_CORE, 0);
	for (uint32_t k = evidence->order_size; k-- > 0;)
		bar_add(drawing, evidence->order[k], OF_ORDER, k + 1);
}

static void times_find(struct drawing *drawing)
{
	drawing->from_ns = UINT64_MAX;
	for (uint32_t i = 0; i < drawing->bars; i++) {
		const struct ec_operation *operation = drawing->bar[i].operation;
		uint64_t end = operation->return_ns;
		if (end == EC_HISTORY_NEVER)
			end = operation->call_ns;
		if (operation->call_ns < drawing->from_ns)
			drawing->from_ns = operation->call_ns;
		if (end > drawing->to_ns)
			drawing->to_ns = end;
	}
}

static double x_of(const struct drawing *drawing, uint64_t ns)
{
	double span = (double)(drawing->to_ns - drawing->from_ns);
	double room = WIDTH - LEFT - RIGHT;
	if (ns >= drawing->to_ns)
		return LEFT + room;
	return LEFT + (span > 0 ? (double)(ns - drawing->from_ns) / span : 0) * room * 0.97;
}

/* Of a text for XML; what is shown is printable ASCII already. */
static void text_draw(FILE *out, const char *text, size_t letters)
{
	for (size_t i = 0; text[i] && i < letters; i++) {
		if (text[i] == '<')
			fputs("&lt;", out);
		else if (text[i] == '&')
			fputs("&amp;", out);
		else if (text[i] == '>')
			fputs("&gt;", out);
		else
			fputc(text[i], out);
	}
	if (strlen(text) > letters)
		fputs("...", out);
}

/* A bar, its place in the order in it, above it what it was, as far as there is room. */
static void bar_draw(FILE *out, const struct drawing *drawing, const struct bar *bar)
{
	char shown[SHOWN_MAX];
	struct ec_text text = ec_text_over(shown, sizeof shown);
	bool open = bar->operation->return_ns == EC_HISTORY_NEVER;
	double x = x_of(drawing, bar->operation->call_ns), y = HEAD + LANE * bar->lane + 20;
	double end = open ? WIDTH - RIGHT : x_of(drawing, bar->operation->return_ns);
	double width = end - x < 4 ? 4 : end - x, next = WIDTH - RIGHT;
	for (uint32_t i = 0; i < drawing->bars; i++) {
		double other = x_of(drawing, drawing->bar[i].operation->call_ns);
		if (drawing->bar[i].lane == bar->lane && other > x && other < next)
			next = other;
	}
	ec_history_show(drawing->view->history, bar->operation, &text);
	fprintf(out,
	        "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" fill=\"%s\"%s>"
	        "<title>line %" PRIu32 ": ",
	        x, y, width, BAR, colour[bar->look],
	        open ? " fill-opacity=\"0.5\" stroke-dasharray=\"4 3\" stroke=\"#222\"" : "",
	        bar->operation->line_call);
	text_draw(out, shown, sizeof shown);
	fprintf(out, "</title></rect>\n");
	double letters = (next - x) / LETTER;
	if (next == WIDTH - RIGHT && letters < (double)text.size) { /* the last of its lane */
		fprintf(out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">", WIDTH - RIGHT,
		        y - 4);
		letters = LAST_LETTERS;
	} else {
		fprintf(out, "<text x=\"%.1f\" y=\"%.1f\">", x, y - 4);
	}
	text_draw(out, shown, letters > 1 ? (size_t)letters : 1);
	fprintf(out, "</text>\n");
	if (bar->place)
		fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" fill=\"#fff\">%" PRIu32 "</text>\n",
		        x + 3, y + 13, bar->place);
}

static void lanes_draw(FILE *out, const struct drawing *drawing)
{
	for (uint32_t lane = 0; lane < drawing->lanes; lane++) {
		double y = HEAD + LANE * lane + 20 + BAR;
		fprintf(out,
		        "<path d=\"M%d %.1fH%d\" stroke=\"#ddd\"/>"
		        "<text x=\"10\" y=\"%.1f\">client %" PRIu32 "</text>\n",
		        LEFT, y, WIDTH - RIGHT, y - 5, drawing->client[lane]);
	}
}

void history_draw(FILE *out, const struct history_view *view)
{
	struct drawing drawing = {.view = view};
	char key[SHOWN_MAX], state[SHOWN_MAX];
	struct ec_text text = ec_text_over(key, sizeof key);
	ec_history_show_value(view->history, view->result->evidence.key, &text);
	text = ec_text_over(state, sizeof state);
	view->model->show(view->history, &view->result->evidence.state, &text);
	bars_collect(&drawing);
	times_find(&drawing);
	fprintf(out,
	        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" "
	        "font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n"
	        "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
	        "<text x=\"10\" y=\"24\" font-size=\"15\">Not linearizable: key ",
	        WIDTH, HEAD + LANE * drawing.lanes + 30);
	text_draw(out, key, sizeof key);
	fprintf(out, "</text>\n<text x=\"10\" y=\"44\">Numbers: the longest order, after which the "
	             "value is ");
	text_draw(out, state, sizeof state);
	fprintf(out,
	        "</text>\n<text x=\"10\" y=\"62\" fill=\"%s\">what may not be next</text>"
	        "<text x=\"160\" y=\"62\" fill=\"%s\">what also has no order with it</text>"
	        "<text x=\"370\" y=\"62\" fill=\"%s\">what the order needs, "
	        "whenever it took effect</text>\n",
	        colour[STUCK], colour[OF_CORE], colour[OF_ORDER]);
	lanes_draw(out, &drawing);
	for (uint32_t i = 0; i < drawing.bars; i++)
		bar_draw(out, &drawing, &drawing.bar[i]);
	fprintf(out, "</svg>\n");
}
