namespace SocketStress;

/// <summary>A kind of runtime that a storm goes over.</summary>
internal enum Weather
{
    /// <summary>Two workers that share their work.</summary>
    MultiThread,

    /// <summary>The calling thread only.</summary>
    CurrentThread,

    /// <summary>Two workers that share nothing, with sockets of their own.</summary>
    ThreadPerCore,

    /// <summary>Two workers over .NET's sockets.</summary>
    Portable,
}
