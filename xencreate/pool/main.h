/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `xencreate pool`: its command line, and what it asks of a pool that runs. */
#ifndef POOL_MAIN_H
#define POOL_MAIN_H

/** pool_main() - argv[0] is the word "pool". Return: the exit status. */
int pool_main(int argc, char **argv);

#endif
