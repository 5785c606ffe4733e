/* table1_svg.c - the table as a drawing: what a decision takes, and below it how long on each
 * network, against the size of the group, all on logarithmic scales. */
#include "lab/table1.h"

#include <math.h>

enum {
	COLUMNS = 4,
	WIDTH = 320, /* of a panel, */
	HEIGHT = 250,
	LEFT = 62, /* and what surrounds its lines */
	RIGHT = 18,
	TOP = 34,
	BOTTOM = 40,
	HEAD = 64, /* above all panels */
	COLOURS = 7,
};

/* Told apart by those who see few colours, too (Okabe and Ito, 2008). */
static const char *const colours[COLOURS] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                             "#56b4e9", "#e69f00", "#000000"};

enum what { STEPS, MESSAGES, KIB, CORE, LATENCY }; /* LATENCY + i: on network i */

struct panel {
	uint32_t what;
	double x, y;         /* of its corner */
	int low, high;       /* powers of ten of its scale */
	double n_min, n_max; /* of its members */
};

static double value(const struct lab_row *row, uint32_t what)
{
	if (what == STEPS)
		return row->steps;
	if (what == MESSAGES)
		return row->messages;
	if (what == KIB)
		return row->kib;
	if (what == CORE)
		return row->core_us / 1000;
	return (double)row->p50_ns[what - LATENCY] / 1e6;
}

static struct panel panel_of(const struct lab_table *table, uint32_t what)
{
	struct panel panel = {.what = what, .low = 99, .high = -99, .n_min = 1e9};
	panel.x = what % COLUMNS * WIDTH;
	panel.y = HEAD + what / COLUMNS * HEIGHT;
	for (uint32_t i = 0; i < table->rows; i++) {
		double v = value(&table->row[i], what), n = table->row[i].n;
		panel.n_min = fmin(panel.n_min, n);
		panel.n_max = fmax(panel.n_max, n);
		if (v <= 0)
			continue;
		panel.low = (int)fmin(panel.low, floor(log10(v)));
		panel.high = (int)fmax(panel.high, ceil(log10(v)));
	}
	if (panel.low > panel.high) /* all are 0, as in a group of one */
		panel.low = panel.high = 0;
	if (panel.low == panel.high)
		panel.high++;
	return panel;
}

static double x_of(const struct panel *panel, double n)
{
	double room = WIDTH - LEFT - RIGHT;
	double part = panel->n_max > panel->n_min
	                      ? log(n / panel->n_min) / log(panel->n_max / panel->n_min)
	                      : 0.5;
	return panel->x + LEFT + part * room;
}

static double y_of(const struct panel *panel, double v)
{
	double room = HEIGHT - TOP - BOTTOM;
	double part = (log10(v) - panel->low) / (panel->high - panel->low);
	return panel->y + HEIGHT - BOTTOM - part * room;
}

/* The marks of sizes, and their numbers where they do not touch the number of another. */
static void sizes_draw(FILE *out, const struct lab_order *order, const struct panel *panel)
{
	enum { APART = 16 };
	double bottom = panel->y + HEIGHT - BOTTOM;
	for (uint32_t i = 0; i < order->sizes; i++) {
		double x = x_of(panel, order->size[i]);
		bool free = true;
		for (uint32_t k = 0; k < i; k++)
			free &= fabs(x - x_of(panel, order->size[k])) >= APART;
		fprintf(out, "<path d=\"M%.1f %.1fv5\" class=\"a\"/>", x, bottom);
		if (free)
			fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" class=\"m\">%u</text>", x,
			        bottom + 18, order->size[i]);
		fprintf(out, "\n");
	}
}

static void frame_draw(FILE *out, const struct lab_order *order, const struct panel *panel)
{
	double left = panel->x + LEFT, right = panel->x + WIDTH - RIGHT;
	double bottom = panel->y + HEIGHT - BOTTOM;
	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" class=\"t\">", left, panel->y + TOP - 12);
	static const char *const title[LATENCY] = {"steps (message delays) until final",
	                                           "messages, on all links", "KiB, on all links",
	                                           "ms of a core, of all members"};
	if (panel->what < LATENCY)
		fprintf(out, "%s", title[panel->what]);
	else
		fprintf(out, "ms until final, median: %s", lab_models[panel->what - LATENCY].name);
	fprintf(out, "</text>\n");
	for (int power = panel->low; power <= panel->high; power++) {
		double y = y_of(panel, pow(10, power));
		fprintf(out,
		        "<path d=\"M%.1f %.1fH%.1f\" class=\"g\"/>"
		        "<text x=\"%.1f\" y=\"%.1f\" class=\"e\">%g</text>\n",
		        left, y, right, left - 6, y + 4, pow(10, power));
	}
	sizes_draw(out, order, panel);
	fprintf(out,
	        "<path d=\"M%.1f %.1fV%.1fH%.1f\" class=\"a\"/>"
	        "<text x=\"%.1f\" y=\"%.1f\" class=\"m\">members</text>\n",
	        left, panel->y + TOP, bottom, right, (left + right) / 2, bottom + 34);
}

/* The rows of an entry follow one another, by size as it was asked for. */
static void lines_draw(FILE *out, const struct lab_table *table, const struct panel *panel)
{
	const struct lab_entry *entry = NULL;
	uint32_t colour = COLOURS - 1;
	for (uint32_t i = 0; i < table->rows; i++) {
		const struct lab_row *row = &table->row[i], *next = row + 1;
		double v = value(row, panel->what);
		colour = row->entry != entry ? (colour + 1) % COLOURS : colour;
		entry = row->entry;
		if (v <= 0)
			continue;
		double x = x_of(panel, row->n), y = y_of(panel, v);
		fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n", x, y,
		        colours[colour]);
		if (i + 1 < table->rows && next->entry == entry && value(next, panel->what) > 0)
			fprintf(out,
			        "<path d=\"M%.1f %.1fL%.1f %.1f\" stroke=\"%s\" class=\"l\"/>\n", x,
			        y, x_of(panel, next->n), y_of(panel, value(next, panel->what)),
			        colours[colour]);
	}
}

static void legend_draw(FILE *out, const struct lab_table *table)
{
	const struct lab_entry *entry = NULL;
	uint32_t count = 0;
	for (uint32_t i = 0; i < table->rows; i++) {
		if (table->row[i].entry == entry)
			continue;
		entry = table->row[i].entry;
		double x = LEFT + 150.0 * (count % 6), y = 46 + 16.0 * (count / 6);
		fprintf(out,
		        "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"%s\"/>"
		        "<text x=\"%.1f\" y=\"%.1f\">%s</text>\n",
		        x, y, colours[count % COLOURS], x + 10, y + 4, entry->cell.protocol->name);
		count++;
	}
}

void lab_table1_svg(FILE *out, const struct lab_order *order, const struct lab_table *table)
{
	uint32_t panels = LATENCY;
	while (lab_models[panels - LATENCY].name)
		panels++;
	uint32_t lines = (panels + COLUMNS - 1) / COLUMNS;
	fprintf(out,
	        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" "
	        "font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n"
	        "<style>.t{font-weight:bold}.m{text-anchor:middle}.e{text-anchor:end}"
	        ".g{stroke:#ddd}.a{stroke:#222;fill:none}.l{stroke-width:2}</style>\n"
	        "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
	        "<text x=\"%d\" y=\"24\" font-size=\"15\">One decision of %u bytes alone, by "
	        "protocol and size of the group (logarithmic scales)</text>\n",
	        COLUMNS * WIDTH, HEAD + lines * HEIGHT, LEFT, order->batch_bytes);
	legend_draw(out, table);
	for (uint32_t what = 0; what < panels; what++) {
		struct panel panel = panel_of(table, what);
		frame_draw(out, order, &panel);
		lines_draw(out, table, &panel);
	}
	fprintf(out, "</svg>\n");
}
