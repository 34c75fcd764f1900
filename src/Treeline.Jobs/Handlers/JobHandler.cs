namespace Treeline.Jobs;

/// <summary>Does the work of one type of job.</summary>
/// <remarks>
/// <para>A job runs at least once: a process that dies takes the record of its last attempt with it, and the job is
/// tried again. So let a handler be repeatable.</para>
/// <para>Returning means the job is done, whatever was asked of it meanwhile. Throwing fails the attempt. To stop
/// early because <paramref name="cancellationToken"/> says so, throw <see cref="OperationCanceledException"/>, as
/// everything that takes the token does.</para>
/// </remarks>
/// <param name="job">The job and its scope.</param>
/// <param name="cancellationToken">
/// Cancelled when somebody cancels the job, when its lease is lost to another server, and when the server stops hard.
/// </param>
/// <returns>The job's result; it is stored as JSON.</returns>
public delegate Task<object?> JobHandler(JobContext job, CancellationToken cancellationToken);
