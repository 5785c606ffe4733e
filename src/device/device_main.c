/* device_main.c - edgecord-device: one home's meter and its market agent, as a process. */
#include "home/home.h"

#include <argp.h>
#include <signal.h>
#include <stdio.h>

enum { EXIT_USAGE = 2, OPTION_UNIT = 1000, OPTION_GAPS, OPTION_TZ, OPTION_PV, OPTION_PV_UNIT };

static volatile sig_atomic_t stop_asked;

static void stop_ask(int signal_number)
{
	(void)signal_number;
	stop_asked = 1;
}

static const struct argp_option option_table[] = {
	{"key", 'k', "FILE", 0, "The device's secret key", 0},
	{"gateways", 'w', "HOST:PORT,...", 0,
         "Binary doors of f+1 gateways or more; fewer are refused", 0},
	{"genesis", 'g', "FILE", 0, "The cell's genesis", 0},
	{"profile", 'p', "PROFILE", 0, "generated:SEED:INDEX, or csv:FILE:COLUMN (from 1)", 0},
	{"pv", OPTION_PV, "FILE:COLUMN:KWP", 0, "PV beside a load from a file", 0},
	{"unit", OPTION_UNIT, "UNIT", 0, "Unit of the load's file: W, kW, Wh, kWh, pu", 0},
	{"pv-unit", OPTION_PV_UNIT, "UNIT", 0, "Unit of the PV's file, likewise", 0},
	{"gaps", OPTION_GAPS, "WHAT", 0, "Missing values: fill, zero, refuse", 0},
	{"tz", OPTION_TZ, "ZONE", 0, "The clock of the files' times; European zones only", 0},
	{"outbox", 'o', "FILE", 0, "What waits for a receipt (default: KEY.outbox)", 0},
	{0},
};

static error_t option_take(int key, char *argument, struct argp_state *state)
{
	struct home_options *options = state->input;
	switch (key) {
	case 'k':
		options->key = argument;
		return 0;
	case 'w':
		options->gateways = argument;
		return 0;
	case 'g':
		options->genesis = argument;
		return 0;
	case 'p':
		options->profile = argument;
		return 0;
	case 'o':
		options->outbox = argument;
		return 0;
	case OPTION_PV:
		options->pv = argument;
		return 0;
	case OPTION_TZ:
		options->import.tz = argument;
		return 0;
	case OPTION_UNIT:
		if (!ec_unit_read(argument, &options->import.unit))
			argp_error(state, "--unit takes W, kW, Wh, kWh or pu, not '%s'", argument);
		return 0;
	case OPTION_PV_UNIT:
		if (!ec_unit_read(argument, &options->pv_unit))
			argp_error(state, "--pv-unit takes W, kW, Wh, kWh or pu, not '%s'",
			           argument);
		return 0;
	case OPTION_GAPS:
		if (!ec_gaps_read(argument, &options->import.gaps))
			argp_error(state, "--gaps takes fill, zero or refuse, not '%s'", argument);
		return 0;
	case ARGP_KEY_END:
		if (!options->key || !options->gateways || !options->genesis || !options->profile)
			argp_error(state, "--key, --gateways, --genesis and --profile are needed");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = option_table,
		.parser = option_take,
		.doc = "Plays one home: its meter and its orders, signed with its own key.\v"
		       "Stops on SIGTERM or Ctrl-C; what waits for a receipt stays in the outbox.",
	};
	static struct home home;
	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &home.options);
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, stop_ask);
	signal(SIGINT, stop_ask);
	bool good = home_open(&home);
	if (good) {
		printf("started %s\n", home.device->config.name);
		good = home_run(&home, &stop_asked);
		home_summary(&home);
	}
	if (!good)
		fprintf(stderr, "edgecord-device: %s\n", home.why);
	home_close(&home);
	return good ? 0 : 1;
}
