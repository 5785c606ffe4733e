/* race.c - two threads that write one variable: what tests/tsan.sh must be able to see. */
#include <pthread.h>
#include <stddef.h>

static int shared;

static void *write_it(void *unused)
{
	for (int i = 0; i < 100000; i++)
		shared++;
	return unused;
}

int main(void)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, write_it, NULL) != 0)
		return 2;
	write_it(NULL);
	pthread_join(thread, NULL);
	return 0;
}
